import type { SubgraphHeaders } from '../../../shared/graphql/subgraph.js';
import type { SubgraphDataSource } from '../subgraph-data-source.js';

/** The same subgraph, which does not get these headers of callers (names in lower case). */
export function withholdHeaders(source: SubgraphDataSource, names: readonly string[]): SubgraphDataSource {
  if (names.length === 0) return source;
  const withheld = new Set(names);
  const without = (headers: SubgraphHeaders): SubgraphHeaders =>
    Object.fromEntries(Object.entries(headers).filter(([name]) => !withheld.has(name)));
  return {
    ...source,
    fetch: (request, caller) => source.fetch(request, { ...caller, subgraphHeaders: without(caller.subgraphHeaders) }),
    subscribe: (request) => source.subscribe({ ...request, headers: without(request.headers) }),
  };
}
