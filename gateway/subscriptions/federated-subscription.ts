import { GraphQLError } from 'graphql';
import type { Leave } from '../../shared/graphql/subgraph.js';
import { isSubscriptionLost } from '../../shared/graphql/subscriptions/subscription-lost.js';
import type { OperationRequest } from '../operations/operation-request.js';
import type { FetchRequest, SubgraphDataSource, UpstreamMessage, UpstreamSubscription } from '../datasources/subgraph-data-source.js';
import type { FanOut } from './fan-out/fan-out.js';
import type { CompletedEvent, FailedEvent, Subscriber } from './fan-out/subscriber.js';

export type SubscriptionMessage =
  | CompletedEvent
  | FailedEvent
  | { readonly kind: 'complete' }
  /** The connection to the owning subgraph broke; `code` is its close code. Or the client was too slow for it: 1013. */
  | { readonly kind: 'lost'; readonly code: number };

const overloaded = 1013;

export interface FederatedSubscription {
  /** Asks for the next message, complete over all subgraphs; `receive` is called with it once, maybe at once. One call at a time. */
  next(receive: (message: SubscriptionMessage) => void): void;
  /**
   * From the next event on it is `request`, the same operation on another supergraph. False when that cannot be: another subgraph would be
   * subscribed to, or with another document, because of what the operation means there.
   */
  moveTo(request: OperationRequest): boolean;
  /** Ends it at once, here and in the owning subgraph. To be called in any case. */
  leave(leave: Leave): void;
}

/**
 * Runs an accepted subscription over the whole supergraph: the owner of its root field says what happens, and each event is completed
 * from the other subgraphs, on the caller's behalf or together with others who got the same.
 */
export function subscribeFederated(request: OperationRequest, fanOut: FanOut): FederatedSubscription {
  return new Subscription(request, fanOut);
}

/** A class, as all that there is one of for each subscription: a closure for each method and all that they share is many times as large. */
class Subscription implements FederatedSubscription {
  readonly #fanOut: FanOut;
  readonly #owner: SubgraphDataSource;
  readonly #question: Question;
  readonly #upstream: UpstreamSubscription;
  #subscriber: Subscriber;
  /** Takes over when the event that is being completed is through. */
  #successor: Subscriber | undefined;
  #isCompleting = false;
  #answer: (message: SubscriptionMessage) => void = () => undefined;

  constructor(request: OperationRequest, fanOut: FanOut) {
    const { variables, caller } = request;
    this.#fanOut = fanOut;
    this.#subscriber = fanOut.join(request);
    const { plan } = this.#subscriber;
    const question = plan.upstream(variables);
    this.#owner = plan.owner;
    this.#question = { query: question.query, operationName: question.operationName };
    this.#upstream = this.#owner.subscribe({ ...question, headers: caller.subgraphHeaders });
  }

  next(answer: (message: SubscriptionMessage) => void): void {
    this.#answer = answer;
    this.#upstream.next(this.#receive);
  }

  moveTo(next: OperationRequest): boolean {
    const joined = this.#fanOut.join(next);
    if (joined.plan.owner !== this.#owner || !asksTheSame(joined.plan.upstream(next.variables), this.#question)) {
      joined.leave();
      return false;
    }
    this.#successor?.leave();
    this.#successor = joined;
    this.#changeSubscriber();
    return true;
  }

  leave(leave: Leave): void {
    this.#subscriber.leave();
    this.#successor?.leave();
    this.#upstream.leave(leave);
  }

  // Made once: what waits for an event must be nothing new.
  readonly #receive = (message: UpstreamMessage): void => {
    if ('errors' in message && isSubscriptionLost(message.errors)) {
      this.#answer({ kind: 'lost', code: overloaded });
      return;
    }
    switch (message.kind) {
      case 'event':
        // One at a time, so that results keep the order of the events.
        this.#isCompleting = true;
        this.#subscriber.complete(message, this.#onCompleted);
        return;
      case 'error': {
        const errors = message.errors.map(({ message: text, path, extensions }) => {
          return new GraphQLError(text, { path: path ?? null, extensions: extensions ?? null });
        });
        this.#answer({ kind: 'result', result: { data: undefined, errors } });
        return;
      }
      case 'complete':
      case 'lost':
        this.#answer(message);
        return;
    }
  };

  readonly #onCompleted = (completed: CompletedEvent | FailedEvent): void => {
    this.#isCompleting = false;
    this.#changeSubscriber();
    this.#answer(completed);
  };

  #changeSubscriber(): void {
    if (this.#successor === undefined || this.#isCompleting) return;
    this.#subscriber.leave();
    this.#subscriber = this.#successor;
    this.#successor = undefined;
  }
}

/** What a subgraph was asked, but for the variables. */
type Question = Pick<FetchRequest, 'query' | 'operationName'>;

/** The variables are the same; which of them the subgraph gets depends on the document. */
function asksTheSame(one: Question, other: Question): boolean {
  return one.query === other.query && one.operationName === other.operationName;
}
