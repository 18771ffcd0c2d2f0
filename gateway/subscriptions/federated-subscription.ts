import { GraphQLError } from 'graphql';
import type { Leave } from '../../shared/graphql/subgraph.js';
import { isSubscriptionLost } from '../../shared/graphql/subscription-lost.js';
import type { OperationRequest } from '../execution/execution-state.js';
import type { FetchRequest, UpstreamMessage } from '../datasources/subgraph-data-source.js';
import type { CompletedEvent, FailedEvent, FanOut, Subscriber } from './fan-out/fan-out.js';

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
  const { variables, caller } = request;
  let subscriber = fanOut.join(request);
  /** Takes over when the event that is being completed is through. */
  let successor: Subscriber | undefined;
  let isCompleting = false;
  const { owner } = subscriber.plan;
  const question = subscriber.plan.upstream(variables);
  const upstream = owner.subscribe({ ...question, headers: caller.subgraphHeaders });
  let answerWaiting: (message: SubscriptionMessage) => void = () => undefined;

  function receive(message: UpstreamMessage): void {
    if ('errors' in message && isSubscriptionLost(message.errors)) {
      answerWaiting({ kind: 'lost', code: overloaded });
      return;
    }
    switch (message.kind) {
      case 'event':
        // One at a time, so that results keep the order of the events.
        isCompleting = true;
        subscriber.complete(message, onCompleted);
        return;
      case 'error': {
        const errors = message.errors.map(({ message: text, path, extensions }) => {
          return new GraphQLError(text, { path: path ?? null, extensions: extensions ?? null });
        });
        answerWaiting({ kind: 'result', result: { data: undefined, errors } });
        return;
      }
      case 'complete':
      case 'lost':
        answerWaiting(message);
        return;
    }
  }

  function onCompleted(completed: CompletedEvent | FailedEvent): void {
    isCompleting = false;
    changeSubscriber();
    answerWaiting(completed);
  }

  function changeSubscriber(): void {
    if (successor === undefined || isCompleting) return;
    subscriber.leave();
    subscriber = successor;
    successor = undefined;
  }

  return {
    next(answer) {
      answerWaiting = answer;
      upstream.next(receive);
    },
    moveTo(next) {
      const joined = fanOut.join(next);
      if (joined.plan.owner !== owner || !asksTheSame(joined.plan.upstream(next.variables), question)) {
        joined.leave();
        return false;
      }
      successor?.leave();
      successor = joined;
      changeSubscriber();
      return true;
    },
    leave(leave) {
      subscriber.leave();
      successor?.leave();
      upstream.leave(leave);
    },
  };
}

/** The variables are the same; which of them the subgraph gets depends on the document. */
function asksTheSame(one: FetchRequest, other: FetchRequest): boolean {
  return one.query === other.query && one.operationName === other.operationName;
}
