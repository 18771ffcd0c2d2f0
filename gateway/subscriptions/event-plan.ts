import type { FetchNode, QueryPlan } from '@apollo/query-planner';
import type { FetchRequest, SubgraphDataSource, UpstreamEvent } from '../datasources/subgraph-data-source.js';
import { executeOperation, type Ask, type ExecutionRequest } from '../execution/execute-operation.js';
import type { SupergraphGeneration } from '../execution/generation.js';
import type { OperationResult } from '../execution/operation-result.js';
import type { OperationRequest } from '../execution/request-context.js';
import type { ParsedOperation } from '../operations/operation-store.js';
import { runInClientShape } from '../planning/runnable-operation.js';

export type SubgraphEvent = Omit<UpstreamEvent, 'kind'>;

/** How a subscription runs over the whole supergraph; the same for all who subscribe with the same operation. */
export interface EventPlan {
  /** The subgraph of the root field. */
  readonly owner: SubgraphDataSource;
  /** What `owner` is asked. */
  upstream(variables: Readonly<Record<string, unknown>>): FetchRequest;
  /** Completes an event from all subgraphs. It becomes part of the result: hand each call its own. */
  complete(event: SubgraphEvent, request: OperationRequest, ask: Ask): Promise<OperationResult>;
}

/**
 * The planner gives `Subscription { primary, rest }`: `primary` is subscribed on the subgraph that owns the root field, and for each event
 * `Sequence[primary, rest]` is executed, with the event as the answer to `primary`.
 */
export function createEventPlan(generation: SupergraphGeneration, operation: ParsedOperation): EventPlan {
  const runnable = operation.runnable();
  const { node } = runnable.planned;
  if (node?.kind !== 'Subscription') throw new Error('The planner gave no plan for the subscription');
  const { primary, rest } = node;
  const owner = generation.services.get(primary.serviceName);
  if (owner === undefined) throw new Error(`No data source for the subgraph "${primary.serviceName}"`);
  const plan: QueryPlan = { kind: 'QueryPlan', node: { kind: 'Sequence', nodes: rest === undefined ? [primary] : [primary, rest] } };

  return {
    owner,
    upstream: (variables) => ({
      query: primary.operation,
      operationName: primary.operationName,
      variables: pickVariables(primary, variables),
    }),
    complete({ data, errors }, request, ask) {
      let isAnswered = false;
      const withEvent: ExecutionRequest = {
        ...request,
        caller: { ...request.caller, deadline: generation.deadline() },
        ask(source, fetchRequest, caller) {
          // `primary` is the first fetch of the sequence and nothing runs beside it, so the first question is the one of the event.
          if (isAnswered) return ask(source, fetchRequest, caller);
          isAnswered = true;
          return Promise.resolve(errors.length === 0 ? { data } : { data, errors });
        },
      };
      return runInClientShape(runnable, request.variables, (own) => executeOperation(generation, own, plan, withEvent));
    },
  };
}

function pickVariables({ variableUsages = [] }: FetchNode, variables: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(variableUsages.filter((name) => Object.hasOwn(variables, name)).map((name) => [name, variables[name]]));
}
