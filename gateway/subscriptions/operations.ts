import { GraphQLError, OperationTypeNode, type ExecutionResult } from 'graphql';
import type { Viewer } from '../../shared/auth/viewer.js';
import type { Leave, SubgraphHeaders } from '../../shared/graphql/subgraph.js';
import { createCallerSignal } from '../datasources/caller-signal.js';
import type { OperationRequest } from '../execution/execution-state.js';
import type { SupergraphGeneration } from '../supergraph/generation.js';
import type { AcceptedOperation } from '../operations/accept-operation.js';
import type { ClientConnection } from './client-connection.js';
import type { CompletedEvent, FanOut } from './fan-out/fan-out.js';
import type { PreparedResult } from './fan-out/prepared-result.js';
import { subscribeFederated, type FederatedSubscription, type SubscriptionMessage } from './federated-subscription.js';
import type { CountsOf } from './live-clients.js';
import type { RunningSubscriptions } from './running-subscriptions.js';
import { createResultIterator, type ResultSource } from './result-iterator.js';

/** Close codes of a subgraph that clients should hear: come back with a new token, come back later. Any other is a restart to them. */
const toldCodes = [4403, 1013];
const restart = 1012;

export interface RunOptions {
  readonly connection: ClientConnection;
  /** Sends one result, in its turn. */
  readonly send: (prepared: PreparedResult) => void;
  readonly fanOut: FanOut;
  readonly viewer: Viewer | null;
  readonly subgraphHeaders: SubgraphHeaders;
  /** The subgraph is asked for the events of a subscription. */
  readonly onSubscribed: () => void;
  /** With the errors that it ended with; undefined for a query that was not answered. */
  readonly onEnd: (errors: readonly GraphQLError[] | undefined) => void;
  /** Counts results that are sent. */
  readonly delivered: { results: number };
  readonly countsOf: CountsOf;
  readonly running: RunningSubscriptions;
  /** The same operation on another supergraph; undefined when it may not run there. May reject. */
  readonly acceptAgain: (accepted: AcceptedOperation, generation: SupergraphGeneration) => Promise<AcceptedOperation | undefined>;
}

/**
 * Runs an operation of any kind as a stream of results. A query is a stream of one, so that everything ends in the same way and is held
 * back in the same way while the client is slow.
 */
export function runOperation(accepted: AcceptedOperation, options: RunOptions): AsyncIterableIterator<ExecutionResult, undefined> {
  const signal = createCallerSignal();
  const request: OperationRequest = {
    ...accepted,
    caller: { subgraphHeaders: options.subgraphHeaders, signal, viewer: options.viewer },
  };
  const isSubscription = accepted.operation.operation.operation === OperationTypeNode.SUBSCRIPTION;
  const source = isSubscription ? subscriptionSource(request, options) : querySource(request);
  const counts = isSubscription ? options.countsOf(accepted.operation) : undefined;
  if (counts !== undefined) {
    counts.started += 1;
    counts.running += 1;
  }
  return createResultIterator(
    {
      next: source.next,
      send(prepared) {
        options.delivered.results += 1;
        if (counts !== undefined) counts.results += 1;
        options.send(prepared);
      },
      onEnd() {
        if (counts !== undefined) counts.running -= 1;
        source.onEnd();
        signal.abort();
        options.onEnd(source.errors());
      },
    },
    options.connection,
  );
}

interface Source extends Pick<ResultSource, 'next' | 'onEnd'> {
  /** With which it has ended; undefined when it has not. */
  errors(): readonly GraphQLError[] | undefined;
}

function querySource(request: OperationRequest): Source {
  let asked = false;
  let errors: readonly GraphQLError[] | undefined;
  return {
    errors: () => errors,
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
    onEnd: () => undefined,
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

type State = { kind: 'new' } | { kind: 'running'; subscription: FederatedSubscription } | { kind: 'ended' };

function subscriptionSource(accepted: OperationRequest, { connection, fanOut, running, acceptAgain, onSubscribed }: RunOptions): Source {
  let state: State = { kind: 'new' };
  let request = accepted;
  let remove: () => void = () => undefined;
  /** The latest that it is to run on. */
  let target = accepted.generation;
  let answerWaiting: (result: CompletedEvent | undefined) => void = () => undefined;
  let errors: readonly GraphQLError[] = [];

  function leave(code: Leave): void {
    const before = state;
    state = { kind: 'ended' };
    remove();
    if (before.kind === 'running') before.subscription.leave(code);
  }

  function receive(message: SubscriptionMessage): void {
    switch (message.kind) {
      case 'result':
        // It could not begin.
        if (message.result.data === undefined) errors = message.result.errors;
        answerWaiting(message);
        return;
      case 'prepared':
        answerWaiting(message);
        return;
      case 'failed':
        leave({ code: 0 });
        errors = [toGraphQLError(message.error)];
        answerWaiting(failure(message.error));
        return;
      case 'lost':
        // An error would end the subscription for good; a closed socket is what clients come back from.
        connection.close(toldCodes.includes(message.code) ? message.code : restart, 'Subscription lost, connect again');
        answerWaiting(undefined);
        return;
      case 'complete':
        answerWaiting(undefined);
        return;
    }
  }

  async function moveTo(generation: SupergraphGeneration): Promise<void> {
    target = generation;
    const next = await acceptAgain(request, generation).catch(() => undefined);
    if (target !== generation || state.kind !== 'running') return;
    if (next !== undefined && canMoveTo({ ...request, ...next }, state.subscription)) {
      // What is replaced must be garbage, however long the subscription still runs.
      request = { ...request, ...next };
      return;
    }
    connection.close(restart, 'The schema has changed, connect again');
  }

  function start(): SubscriptionMessage | FederatedSubscription {
    try {
      return subscribeFederated(request, fanOut);
    } catch (error) {
      return { kind: 'failed', error };
    }
  }

  return {
    errors: () => errors,
    next(answer) {
      answerWaiting = answer;
      if (state.kind === 'ended') {
        answer(undefined);
        return;
      }
      if (state.kind === 'new') {
        const started = start();
        if ('kind' in started) {
          receive(started);
          return;
        }
        onSubscribed();
        state = { kind: 'running', subscription: started };
        remove = running.add(request.generation, (generation) => void moveTo(generation));
      }
      state.subscription.next(receive);
    },
    onEnd: () => leave(connection.leave()),
  };
}

/** False also when the planner cannot take it. */
function canMoveTo(request: OperationRequest, subscription: FederatedSubscription): boolean {
  try {
    return subscription.moveTo(request);
  } catch {
    return false;
  }
}

function failure(error: unknown): Extract<CompletedEvent, { kind: 'result' }> {
  return { kind: 'result', result: { data: undefined, errors: [toGraphQLError(error)] } };
}

/** What was thrown, in the only form that graphql-ws takes; it is masked on its way out. */
export function toGraphQLError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  const cause = error instanceof Error ? error : new Error(String(error));
  return new GraphQLError(cause.message, { originalError: cause });
}
