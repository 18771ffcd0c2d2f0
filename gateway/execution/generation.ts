import { createHash } from 'node:crypto';
import { Supergraph as FederatedSupergraph, type Schema } from '@apollo/federation-internals';
import { QueryPlanner } from '@apollo/query-planner';
import type { GraphQLSchema } from 'graphql';
import type { SubgraphDataSource } from '../datasources/subgraph-data-source.js';
import { createOperationStore, type OperationStore, type ParsedOperation } from '../operations/operation-store.js';
import { executeOperation, type ExecutionRequest } from './execute-operation.js';
import type { OperationResult } from './operation-result.js';

/** The supergraph that is served, and all that came out of it. A new value replaces it when the file changes. */
export interface SupergraphGeneration {
  /** SHA-256 of the supergraph, as hex. */
  readonly id: string;
  /** The API schema, which clients see. */
  readonly schema: GraphQLSchema;
  /** The same in the query planner's own form. */
  readonly apiSchema: Schema;
  /** Everything, with what is inaccessible to clients. */
  readonly supergraphSchema: GraphQLSchema;
  readonly planner: QueryPlanner;
  readonly services: ReadonlyMap<string, SubgraphDataSource>;
  /** Parsed, validated and planned operations of this generation. */
  readonly operations: OperationStore;
  /** When an operation, or an event of a subscription, that begins now must be answered: `Caller.deadline`. */
  deadline(): number;
  /** Runs a validated query or mutation. Rejects only when the gateway itself is at fault. */
  execute(operation: ParsedOperation, request: ExecutionRequest): Promise<OperationResult>;
}

export interface GenerationOptions {
  /** For a whole operation, over all subgraphs, in ms. */
  readonly operationTimeoutMs?: number;
}

export function supergraphId(sdl: string): string {
  return createHash('sha256').update(sdl).digest('hex');
}

/** Throws when `sdl` is no Federation 2 supergraph. */
export function createGeneration(
  sdl: string,
  dataSource: (service: { name: string; url: string }) => SubgraphDataSource,
  { operationTimeoutMs = 30_000 }: GenerationOptions = {},
): SupergraphGeneration {
  const supergraph = FederatedSupergraph.build(sdl, { validateSupergraph: true });
  const apiSchema = supergraph.apiSchema();
  const schema = apiSchema.toGraphQLJSSchema();
  const planner = new QueryPlanner(supergraph);
  const generation: SupergraphGeneration = {
    id: supergraphId(sdl),
    schema,
    apiSchema,
    supergraphSchema: supergraph.schema.toGraphQLJSSchema(),
    planner,
    services: new Map(supergraph.subgraphsMetadata().map((service) => [service.name, dataSource(service)])),
    operations: createOperationStore({ schema, apiSchema, planner }),
    deadline: () => performance.now() + operationTimeoutMs,
    execute: async (operation, request) => {
      const plan = operation.plan();
      if (plan.node?.kind === 'Subscription') throw new Error('Subscriptions are executed event by event');
      return executeOperation(generation, operation, plan, { ...request, caller: { ...request.caller, deadline: generation.deadline() } });
    },
  };
  return generation;
}
