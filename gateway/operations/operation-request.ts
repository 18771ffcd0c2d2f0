import type { ExecutionRequest } from '../execution/execution-state.js';
import type { SupergraphGeneration } from '../supergraph/generation.js';
import type { ParsedOperation } from './operation-store.js';

/** An accepted operation and who wants it. */
export interface OperationRequest extends ExecutionRequest {
  readonly generation: SupergraphGeneration;
  readonly operation: ParsedOperation;
}
