import type { SubgraphDataSource } from '../../../gateway/datasources/subgraph-data-source.js';

/** A subgraph that a test plays: it answers queries and mutations, and nobody subscribes. */
export function answeringSource(fetch: SubgraphDataSource['fetch']): SubgraphDataSource {
  return {
    fetch,
    subscribe() {
      throw new Error('nobody subscribes here');
    },
    close: () => Promise.resolve(),
  };
}
