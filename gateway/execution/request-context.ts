import type { Logger } from '../../shared/logging/logger.js';
import type { Caller } from '../datasources/subgraph-data-source.js';
import type { SupergraphGeneration } from './generation.js';
import type { ParsedOperation } from '../operations/operation-store.js';
import type { GatewayRequestContext } from './supergraph.js';

export interface OperationRequest {
  readonly generation: SupergraphGeneration;
  readonly operation: ParsedOperation;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly caller: Caller;
  readonly logger: Logger;
}

/** What Apollo Server would hand to the gateway for an operation that came over HTTP. */
export function createRequestContext({ generation, operation, variables, caller, logger }: OperationRequest): GatewayRequestContext {
  return {
    request: {
      query: operation.source,
      variables: { ...variables },
      ...(operation.operationName === undefined ? {} : { operationName: operation.operationName }),
    },
    logger,
    schema: generation.schema,
    // The type is Apollo Server's own mark on a plain string.
    schemaHash: generation.id as GatewayRequestContext['schemaHash'],
    context: caller,
    cache: noCache,
    queryHash: operation.hash,
    document: operation.document,
    source: operation.source,
    operationName: operation.operation.name?.value ?? null,
    operation: operation.operation,
    metrics: { captureTraces: false },
    overallCachePolicy: undefined,
  };
}

const noCache: GatewayRequestContext['cache'] = {
  get: () => Promise.resolve(undefined),
  set: () => Promise.resolve(),
  delete: () => Promise.resolve(false),
};
