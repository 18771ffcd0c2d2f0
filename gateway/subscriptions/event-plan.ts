import type { FetchRequest, SubgraphDataSource, UpstreamEvent } from '../datasources/subgraph-data-source.js';
import type { Ask } from '../execution/execution-state.js';
import type { OperationRequest } from '../operations/operation-request.js';
import type { SupergraphGeneration } from '../supergraph/generation.js';
import { cloneJson } from '../../shared/json/json-object.js';
import type { OperationResult } from '../execution/operation-result.js';
import type { ParsedOperation } from '../operations/operation-store.js';
import { runInClientShape } from '../planning/runnable-operation.js';

export type SubgraphEvent = Omit<UpstreamEvent, 'kind'>;

/** How a subscription runs over the whole supergraph; the same for all who subscribe with the same operation. */
export interface EventPlan {
  /** The subgraph of the root field. */
  readonly owner: SubgraphDataSource;
  /** Whether events need nobody else, and are read and left as they are. */
  readonly isReadOnly: boolean;
  /** What `owner` is asked. */
  upstream(variables: Readonly<Record<string, unknown>>): FetchRequest;
  /** Completes an event from all subgraphs. It becomes part of the result, unless it is shared: hand each call its own. */
  complete(event: SubgraphEvent, request: OperationRequest, ask: Ask): Promise<OperationResult>;
}

export function createEventPlan(generation: SupergraphGeneration, operation: ParsedOperation): EventPlan {
  const runnable = operation.runnable(generation.subscriptionLabels);
  const { owner, upstream, complete, isReadOnly } = generation.executor.subscription(runnable.planned, operation.operationName);
  return {
    owner,
    isReadOnly,
    upstream,
    complete({ data, errors, isShared = false }, { variables, caller }, ask) {
      const answer = { data: isShared && !isReadOnly ? cloneJson(data) : data, errors };
      const { subgraphHeaders, signal } = caller;
      const request = { variables, caller: { subgraphHeaders, signal, deadline: generation.deadline() }, ask };
      return runInClientShape(runnable, variables, () => complete(answer, request));
    },
  };
}
