import type { GraphQLError } from 'graphql';
import type { Leave } from '../../shared/graphql/subgraph.js';
import type { AbortableCallerSignal } from '../datasources/caller-signal.js';
import type { OperationRequest } from '../operations/operation-request.js';
import type { SupergraphGeneration } from '../supergraph/generation.js';
import { failure, toGraphQLError } from './failure.js';
import type { PreparedResult } from './fan-out/prepared-result.js';
import type { CompletedEvent } from './fan-out/subscriber.js';
import { subscribeFederated, type FederatedSubscription, type SubscriptionMessage } from './federated-subscription.js';
import type { SubscriptionCounts } from './live-clients.js';
import type { RunOptions } from './operations.js';
import type { ResultSource } from './result-iterator.js';
import type { Movable } from './running-subscriptions.js';

/** Close codes of a subgraph that clients should hear: come back with a new token, come back later. Any other is a restart to them. */
const toldCodes = [4403, 1013];
const restart = 1012;
const none: readonly GraphQLError[] = [];

/** Begins with the first result that is asked for. */
export function createSubscriptionSource(request: OperationRequest, signal: AbortableCallerSignal, options: RunOptions): ResultSource {
  return new SubscriptionSource(request, signal, options);
}

/** A class, as all that there is one of for each subscription. */
class SubscriptionSource implements ResultSource, Movable {
  readonly #options: RunOptions;
  readonly #signal: AbortableCallerSignal;
  readonly #counts: SubscriptionCounts;
  #request: OperationRequest;
  /** The latest that it is to run on. */
  #target: SupergraphGeneration;
  /** From the beginning to the end. */
  #subscription: FederatedSubscription | undefined;
  #hasEnded = false;
  #errors: readonly GraphQLError[] = none;
  #answer: ((result: CompletedEvent | undefined) => void) | undefined;

  constructor(request: OperationRequest, signal: AbortableCallerSignal, options: RunOptions) {
    this.#options = options;
    this.#signal = signal;
    this.#request = request;
    this.#target = request.generation;
    this.#counts = options.live.countsOf(request.operation);
    this.#counts.started += 1;
    this.#counts.running += 1;
  }

  next(answer: (result: CompletedEvent | undefined) => void): void {
    this.#answer = answer;
    if (this.#hasEnded) {
      answer(undefined);
      return;
    }
    this.#subscription ??= this.#begin();
    this.#subscription?.next(this.#receive);
  }

  send(prepared: PreparedResult): void {
    this.#options.live.delivered.results += 1;
    this.#counts.results += 1;
    this.#options.send(prepared);
  }

  onEnd(): void {
    this.#counts.running -= 1;
    this.#leave(this.#options.connection.leave());
    this.#signal.abort();
    this.#options.onEnd(this.#errors);
  }

  moveTo(generation: SupergraphGeneration): void {
    this.#target = generation;
    void this.#acceptAgain(generation);
  }

  /** Undefined when it cannot, which has been answered. */
  #begin(): FederatedSubscription | undefined {
    try {
      const subscription = subscribeFederated(this.#request, this.#options.live.fanOut);
      this.#options.onSubscribed();
      this.#options.live.running.add(this.#request.generation, this);
      return subscription;
    } catch (error) {
      this.#receive({ kind: 'failed', error });
      return undefined;
    }
  }

  // Made once: what waits for an event must be nothing new.
  readonly #receive = (message: SubscriptionMessage): void => {
    const { connection } = this.#options;
    switch (message.kind) {
      case 'result':
        // It could not begin.
        if (message.result.data === undefined) this.#errors = message.result.errors;
        this.#answer?.(message);
        return;
      case 'prepared':
        this.#answer?.(message);
        return;
      case 'failed':
        this.#leave({ code: 0 });
        this.#errors = [toGraphQLError(message.error)];
        this.#answer?.(failure(message.error));
        return;
      case 'lost':
        // An error would end the subscription for good; a closed socket is what clients come back from.
        connection.close(toldCodes.includes(message.code) ? message.code : restart, 'Subscription lost, connect again');
        this.#answer?.(undefined);
        return;
      case 'complete':
        this.#answer?.(undefined);
        return;
    }
  };

  #leave(leave: Leave): void {
    const subscription = this.#subscription;
    this.#hasEnded = true;
    this.#subscription = undefined;
    this.#options.live.running.remove(this);
    subscription?.leave(leave);
  }

  async #acceptAgain(generation: SupergraphGeneration): Promise<void> {
    const accepted = await this.#options.acceptAgain(this.#request, generation).catch(() => undefined);
    const subscription = this.#subscription;
    if (this.#target !== generation || subscription === undefined) return;
    const request = accepted === undefined ? undefined : { ...accepted, caller: this.#request.caller };
    if (request !== undefined && canMoveTo(request, subscription)) {
      // What is replaced must be garbage, however long the subscription still runs.
      this.#request = request;
      return;
    }
    this.#options.connection.close(restart, 'The schema has changed, connect again');
  }
}

/** False also when the planner cannot take it. */
function canMoveTo(request: OperationRequest, subscription: FederatedSubscription): boolean {
  try {
    return subscription.moveTo(request);
  } catch {
    return false;
  }
}
