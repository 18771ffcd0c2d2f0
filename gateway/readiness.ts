import { GraphQLDataSourceRequestKind } from '@apollo/gateway/dist/datasources/types.js';
import type { DependencyStatus } from '../shared/graphql/subgraph.js';
import { checkDependency } from '../shared/http/health.js';
import type { Caller } from './datasources/subgraph-data-source.js';
import type { Supergraph } from './execution/supergraph.js';

/** Asks every subgraph of the supergraph that is served for its `__typename`, the one question that any subgraph answers. */
export function checkSubgraphs(supergraph: Supergraph): Promise<DependencyStatus[]> {
  return Promise.all(
    [...supergraph.current().services].map(([name, service]) =>
      checkDependency(name, async () => {
        const context: Caller = { subgraphHeaders: {}, signal: AbortSignal.timeout(5_000) };
        const response = await service.process({
          kind: GraphQLDataSourceRequestKind.HEALTH_CHECK,
          request: { query: '{ __typename }' },
          context: { ...context },
        });
        if (response.errors !== undefined && response.errors.length > 0) throw new Error(`${name} answers with errors`);
      }),
    ),
  );
}
