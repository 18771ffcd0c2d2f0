import { OperationTypeNode, type ExecutionResult, type GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Viewer } from '../../shared/auth/viewer.js';
import type { SubgraphHeaders } from '../../shared/graphql/subgraph.js';
import { createCallerSignal, type AbortableCallerSignal } from '../datasources/caller-signal.js';
import type { OperationRequest } from '../operations/operation-request.js';
import type { OperationPolicy } from '../policy/operation-policy.js';
import type { SupergraphGeneration } from '../supergraph/generation.js';
import type { AcceptedOperation } from '../operations/accept-operation.js';
import type { ClientConnection } from './client-connection.js';
import { createDeferredSource } from './deferred-source.js';
import type { CompletedEvent } from './fan-out/subscriber.js';
import type { PreparedResult } from './fan-out/prepared-result.js';
import { failure } from './failure.js';
import type { LiveClients } from './live-clients.js';
import { createResultIterator, type ResultSource } from './result-iterator.js';
import { createSubscriptionSource } from './subscription-source.js';

export interface RunOptions {
  readonly connection: ClientConnection;
  readonly live: Pick<LiveClients, 'fanOut' | 'running' | 'delivered' | 'countsOf'>;
  readonly viewer: Viewer | null;
  readonly subgraphHeaders: SubgraphHeaders;
  readonly policy: Pick<OperationPolicy, 'checkPlan'>;
  /** Whether deferred fragments may come later. */
  readonly takesParts: boolean;
  /** Errors as the client may see them. */
  mask(errors: readonly unknown[]): readonly GraphQLFormattedError[];
  /** Sends one result, in its turn. */
  send(prepared: PreparedResult): void;
  /** The subgraph is asked for the events of a subscription. */
  onSubscribed(): void;
  /** With the errors that it ended with; undefined for a query that was not answered. */
  onEnd(errors: readonly GraphQLError[] | undefined): void;
  /** The same operation on another supergraph; undefined when it may not run there. May reject. */
  acceptAgain(accepted: AcceptedOperation, generation: SupergraphGeneration): Promise<AcceptedOperation | undefined>;
}

/**
 * Runs an operation of any kind as a stream of results. A query is a stream of one, so that everything ends in the same way and is held
 * back in the same way while the client is slow.
 */
export function runOperation(accepted: AcceptedOperation, options: RunOptions): AsyncIterableIterator<ExecutionResult, undefined> {
  const { generation, operation, variables } = accepted;
  const { subgraphHeaders, viewer, connection } = options;
  const signal = createCallerSignal();
  const request: OperationRequest = { generation, operation, variables, caller: { subgraphHeaders, signal, viewer } };
  return createResultIterator(createSource(request, signal, options), connection);
}

function createSource(request: OperationRequest, signal: AbortableCallerSignal, options: RunOptions): ResultSource {
  const { operation } = request;
  if (operation.operation.operation === OperationTypeNode.SUBSCRIPTION) return createSubscriptionSource(request, signal, options);
  const isInParts = options.takesParts && operation.plan().inParts !== undefined;
  return isInParts ? createDeferredSource(request, signal, options) : createQuerySource(request, signal, options);
}

function createQuerySource(request: OperationRequest, signal: AbortableCallerSignal, options: RunOptions): ResultSource {
  let asked = false;
  let errors: readonly GraphQLError[] | undefined;
  return {
    next(receive) {
      if (asked) {
        receive(undefined);
        return;
      }
      asked = true;
      void executeQuery(request).then((completed) => {
        errors = completed.kind === 'result' ? completed.result.errors : [];
        receive(completed);
      });
    },
    send(prepared) {
      options.live.delivered.results += 1;
      options.send(prepared);
    },
    onEnd() {
      signal.abort();
      options.onEnd(errors);
    },
  };
}

/** Never rejects. */
async function executeQuery(request: OperationRequest): Promise<CompletedEvent> {
  try {
    const { generation, operation } = request;
    return { kind: 'result', result: await generation.execute(operation, request) };
  } catch (error) {
    return failure(error);
  }
}
