import './without-telemetry.js';
import type { GraphQLDataSource } from '@apollo/gateway';
import type { Schema } from '@apollo/federation-internals';
import type { GraphQLError, GraphQLSchema } from 'graphql';
import type { SubgraphDataSource } from '../datasources/subgraph-data-source.js';
import { askDirectly } from './execution-state.js';
import type { OperationExecutor } from './operation-executor.js';

export interface ApolloExecutorParts {
  readonly schema: GraphQLSchema;
  readonly apiSchema: Schema;
  readonly supergraphSchema: GraphQLSchema;
  readonly services: ReadonlyMap<string, SubgraphDataSource>;
}

/**
 * Runs queries and mutations by `@apollo/gateway`'s own executor: the reference that ours is held against, and for operators who want to
 * know whether ours is to blame (`EXECUTOR=apollo`). Loaded on first use, since most never need it.
 */
export function createApolloExecutor({
  schema,
  apiSchema,
  supergraphSchema,
  services,
}: ApolloExecutorParts): Pick<OperationExecutor, 'execute'> {
  return {
    async execute(planned, operationName, { variables, caller, ask = askDirectly }) {
      const { buildOperationContext, executeQueryPlan } = await import('@apollo/gateway');
      // Null-prototype: a subgraph may be named like something that objects inherit.
      const sources = Object.create(null) as Record<string, GraphQLDataSource>;
      for (const [name, source] of services) {
        sources[name] = {
          process({ request: { query = '', operationName: name, variables: given = {} } }) {
            return ask(source, { query, operationName: name, variables: given }, caller);
          },
        };
      }
      const named = operationName === undefined ? {} : { operationName };
      const context = { request: { variables: { ...variables }, ...named }, context: caller, metrics: { captureTraces: false } };
      const { data, errors, extensions } = await executeQueryPlan(
        planned,
        sources,
        // Of what Apollo Server knows of a request, the executor reads these.
        context as unknown as Parameters<typeof executeQueryPlan>[2],
        buildOperationContext({ schema, operationDocument: planned.document, ...named }),
        supergraphSchema,
        apiSchema,
      );
      return { data: JSON.stringify(data ?? null), errors: [...(errors ?? []), ...nullViolations(extensions)] };
    },
  };
}

/** Nulls in non-null places are told in `extensions` alone, where no client looks for them. */
function nullViolations(extensions: Readonly<Record<string, unknown>> | undefined): readonly GraphQLError[] {
  const violations = extensions?.valueCompletion;
  return Array.isArray(violations) ? (violations as GraphQLError[]) : [];
}
