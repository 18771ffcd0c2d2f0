import { createHash } from 'node:crypto';
import { DEFAULT_SUPPORTED_SUPERGRAPH_FEATURES, Supergraph as FederatedSupergraph, type Schema } from '@apollo/federation-internals';
import type { QueryPlan } from '@apollo/query-planner';
import { parse, type GraphQLSchema } from 'graphql';
import type { AnswerCache } from '../caching/answer-cache.js';
import type { OperationCaching } from '../caching/operation-caching.js';
import { createAuthorization, type AskPolicies, type Authorization } from '../authorization/authorization.js';
import { readProtection } from '../authorization/protection.js';
import type { SubgraphDataSource } from '../datasources/subgraph-data-source.js';
import { createOperationStore, type OperationStore, type ParsedOperation } from '../operations/operation-store.js';
import type { ExecutorName } from './executor-name.js';
import { createOperationPlanner } from '../planning/operation-planner.js';
import { createLabelChoice, type OverrideOptions } from '../planning/override-labels.js';
import { runInClientShape } from '../planning/runnable-operation.js';
import { createApolloExecutor } from '../execution/apollo-executor.js';
import type { ExecutionRequest } from '../execution/execution-state.js';
import { createPartsExecutor } from '../execution/deferred/parts-executor.js';
import type { IncrementalResult } from '../execution/deferred/incremental-result.js';
import { createOperationExecutor, type OperationExecutor } from '../execution/operation-executor.js';
import type { OperationResult } from '../execution/operation-result.js';
import { createTypeIndex } from '../execution/type-index.js';

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
  readonly services: ReadonlyMap<string, SubgraphDataSource>;
  /** Undefined when nothing in the supergraph is protected by directives. */
  readonly authorization: Authorization | undefined;
  /** Parsed, validated and planned operations of this generation. */
  readonly operations: OperationStore;
  readonly executor: OperationExecutor;
  /** Labels of progressive `@override`s that the supergraph has. */
  readonly overrideLabels: readonly string[];
  /** Those that count for subscriptions. */
  readonly subscriptionLabels: ReadonlySet<string>;
  /** When an operation, or an event of a subscription, that begins now must be answered: `Caller.deadline`. */
  deadline(): number;
  /** Runs a validated query or mutation. Rejects only when the gateway itself is at fault. */
  execute(operation: ParsedOperation, request: ExecutionRequest): Promise<OperationResult>;
  /** The same for a client that takes deferred fragments later; undefined when it comes at once, as `execute` gives it. */
  executeInParts(operation: ParsedOperation, request: PartsRequest): Promise<IncrementalResult> | undefined;
}

export interface PartsRequest extends ExecutionRequest {
  /** Whether a plan is within the limits: one with deferred fragments may ask subgraphs more often. */
  readonly mayRun: (plan: QueryPlan) => boolean;
}

export interface GenerationOptions extends OverrideOptions {
  /** For a whole operation, over all subgraphs, in ms. */
  readonly operationTimeoutMs?: number;
  readonly executor?: ExecutorName;
  /** Whether clients may use `@defer`; by default they may. */
  readonly defer?: boolean;
  /** Which policies of `@policy` somebody fulfils; without it, those that their token lists. */
  readonly policies?: AskPolicies | undefined;
  /** Undefined when no answers are kept. */
  readonly cache?: Pick<AnswerCache, 'beginCaching' | 'answerOperation'> | undefined;
}

/** What a supergraph may demand of whoever serves it (`for: SECURITY` or `EXECUTION`); one that demands anything else is refused. */
const supportedFeatures: Readonly<Record<ExecutorName, ReadonlySet<string>>> = {
  galaxia: withFeatures('authenticated', 'requiresScopes', 'policy', 'cost', 'context'),
  // It gives subgraphs no contexts.
  apollo: withFeatures('authenticated', 'requiresScopes', 'policy', 'cost'),
};

function withFeatures(...names: readonly string[]): ReadonlySet<string> {
  return new Set([...DEFAULT_SUPPORTED_SUPERGRAPH_FEATURES, ...names.map((name) => `https://specs.apollo.dev/${name}/v0.1`)]);
}

export function supergraphId(sdl: string): string {
  return createHash('sha256').update(sdl).digest('hex');
}

/** Throws when `sdl` is no Federation 2 supergraph. */
export function createGeneration(
  sdl: string,
  dataSource: (service: { name: string; url: string }) => SubgraphDataSource,
  { operationTimeoutMs = 30_000, executor: executorName = 'galaxia', defer = true, policies, cache, ...overrides }: GenerationOptions = {},
): SupergraphGeneration {
  const supergraph = FederatedSupergraph.build(sdl, {
    validateSupergraph: true,
    supportedFeatures: new Set(supportedFeatures[executorName]),
  });
  const apiSchema = supergraph.apiSchema();
  const schema = apiSchema.toGraphQLJSSchema({ includeDefer: defer });
  const planner = createOperationPlanner(supergraph, apiSchema, schema);
  const protection = readProtection(parse(sdl, { noLocation: true }));
  const labels = createLabelChoice(planner.overrideLabels, overrides);
  const supergraphSchema = supergraph.schema.toGraphQLJSSchema();
  const services = new Map(supergraph.subgraphsMetadata().map((service) => [service.name, dataSource(service)]));
  const parts = { services, types: createTypeIndex(supergraphSchema), schema, introspections: new Map() };
  const executor = createOperationExecutor(parts);
  const partsExecutor = executorName === 'galaxia' ? createPartsExecutor(parts) : undefined;
  const queries = executorName === 'galaxia' ? executor : createApolloExecutor({ schema, apiSchema, supergraphSchema, services });
  const timed = (request: ExecutionRequest, caching: OperationCaching | undefined): ExecutionRequest => {
    const { subgraphHeaders, signal } = request.caller;
    return { ...request, caller: { subgraphHeaders, signal, deadline: request.caller.deadline ?? generation.deadline(), caching } };
  };
  const cachingOf = ({ operation: { operation } }: ParsedOperation, { caller }: ExecutionRequest) =>
    cache?.beginCaching({ operation, caller, schemaId: generation.id, schema: supergraphSchema });
  const generation: SupergraphGeneration = {
    id: supergraphId(sdl),
    schema,
    apiSchema,
    supergraphSchema,
    services,
    executor,
    overrideLabels: planner.overrideLabels,
    subscriptionLabels: labels.forSubscriptions,
    authorization: protection && createAuthorization({ schema, planner, protection, policies }),
    operations: createOperationStore({ schema, planner }),
    deadline: () => performance.now() + operationTimeoutMs,
    execute: async (operation, request) => {
      const caching = cachingOf(operation, request);
      const execute = (): Promise<OperationResult> => {
        const runnable = operation.runnable(labels.forRequest());
        return runInClientShape(runnable, request.variables, (own) =>
          queries.execute(runnable.planned, own.operationName, timed(request, caching)),
        );
      };
      if (cache === undefined || caching === undefined) return execute();
      const isProtected = generation.authorization?.isProtected(operation) === true;
      return cache.answerOperation({ operation, request, caching, isProtected }, execute);
    },
    executeInParts(operation, request) {
      const inParts = operation.runnable(labels.forRequest()).planned.inParts?.(request.variables);
      if (inParts === undefined || !request.mayRun(inParts.plan)) return undefined;
      return partsExecutor?.execute(inParts, timed(request, cachingOf(operation, request)));
    },
  };
  return generation;
}
