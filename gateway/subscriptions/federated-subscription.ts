import { GraphQLError } from 'graphql';
import type { Leave } from '../../shared/graphql/subgraph.js';
import { isSubscriptionLost } from '../../shared/graphql/subscription-lost.js';
import type { OperationRequest } from '../execution/execution-state.js';
import type { UpstreamMessage } from '../datasources/subgraph-data-source.js';
import type { CompletedEvent, FailedEvent, FanOut } from './fan-out/fan-out.js';

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
  /** Ends it at once, here and in the owning subgraph. To be called in any case. */
  leave(leave: Leave): void;
}

/**
 * Runs an accepted subscription over the whole supergraph: the owner of its root field says what happens, and each event is completed
 * from the other subgraphs, on the caller's behalf or together with others who got the same.
 */
export function subscribeFederated(request: OperationRequest, fanOut: FanOut): FederatedSubscription {
  const { variables, caller } = request;
  const subscriber = fanOut.join(request);
  const { plan } = subscriber;
  const upstream = plan.owner.subscribe({ ...plan.upstream(variables), headers: caller.subgraphHeaders });
  let answerWaiting: (message: SubscriptionMessage) => void = () => undefined;

  function receive(message: UpstreamMessage): void {
    if ('errors' in message && isSubscriptionLost(message.errors)) {
      answerWaiting({ kind: 'lost', code: overloaded });
      return;
    }
    switch (message.kind) {
      case 'event':
        // One at a time, so that results keep the order of the events.
        subscriber.complete(message, answerWaiting);
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

  return {
    next(answer) {
      answerWaiting = answer;
      upstream.next(receive);
    },
    leave(leave) {
      subscriber.leave();
      upstream.leave(leave);
    },
  };
}
