import type { SubgraphHeaders } from '../../shared/graphql/subgraph.js';
import { callerOf, requestOf } from './caller.js';
import type { Caller, SubgraphDataSource } from './subgraph-data-source.js';

/** The same subgraph, which does not get these headers of callers (names in lower case). */
export function withholdHeaders(source: SubgraphDataSource, names: readonly string[]): SubgraphDataSource {
  if (names.length === 0) return source;
  const withheld = new Set(names);
  const without = (headers: SubgraphHeaders): SubgraphHeaders =>
    Object.fromEntries(Object.entries(headers).filter(([name]) => !withheld.has(name)));
  const fetch: SubgraphDataSource['fetch'] = (request, caller) => {
    const narrowed: Caller = {
      subgraphHeaders: without(caller.subgraphHeaders),
      // Made when it is asked for.
      get signal() {
        return caller.signal;
      },
      ...(caller.deadline === undefined ? {} : { deadline: caller.deadline }),
    };
    return source.fetch(request, narrowed);
  };
  return {
    ...source,
    fetch,
    process: (options) => fetch(requestOf(options), callerOf(options)),
    subscribe: (request) => source.subscribe({ ...request, headers: without(request.headers) }),
  };
}
