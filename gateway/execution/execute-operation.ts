import { buildOperationContext, executeQueryPlan, type GraphQLDataSource } from '@apollo/gateway';
import type { QueryPlan } from '@apollo/query-planner';
import type { Logger } from '../../shared/logging/logger.js';
import { callerOf, requestOf } from '../datasources/caller.js';
import type { Caller, FetchRequest, SubgraphDataSource } from '../datasources/subgraph-data-source.js';
import type { WireResult } from '../datasources/wire.js';
import type { ParsedOperation } from '../operations/operation-store.js';
import type { SupergraphGeneration } from './generation.js';
import type { OperationResult } from './operation-result.js';
import { createRequestContext } from './request-context.js';
import { reportNullViolations } from './result.js';

/** How a subgraph is asked. Never rejects. The answer becomes part of the result: each call must get its own. */
export type Ask = (source: SubgraphDataSource, request: FetchRequest, caller: Caller) => Promise<WireResult>;

export interface ExecutionRequest {
  /** They fit the operation's definitions: `refuseVariables` was asked. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly caller: Caller;
  readonly logger: Logger;
  /** `source.fetch` by default. */
  readonly ask?: Ask;
}

const askSource: Ask = (source, request, caller) => source.fetch(request, caller);

export async function executeOperation(
  generation: SupergraphGeneration,
  operation: ParsedOperation,
  plan: QueryPlan,
  { variables, caller, logger, ask = askSource }: ExecutionRequest,
): Promise<OperationResult> {
  // Null-prototype: a subgraph may be named like something that objects inherit.
  const services = Object.create(null) as Record<string, GraphQLDataSource>;
  for (const [name, source] of generation.services) {
    services[name] = { process: (options) => ask(source, requestOf(options), callerOf(options)) };
  }
  const operationContext = buildOperationContext({
    schema: generation.schema,
    operationDocument: operation.document,
    ...(operation.operationName === undefined ? {} : { operationName: operation.operationName }),
  });
  // A new context for each: Apollo's executor collects errors in its metrics.
  const context = createRequestContext({ generation, operation, variables, caller, logger });
  const { data = null, errors = [] } = reportNullViolations(
    await executeQueryPlan(plan, services, context, operationContext, generation.supergraphSchema, generation.apiSchema),
  );
  return { data: JSON.stringify(data), errors };
}
