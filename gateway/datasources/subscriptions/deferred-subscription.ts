import type { UpstreamMessage, UpstreamSubscription } from '../subgraph-data-source.js';

/** A subscription that cannot start yet. */
export interface DeferredSubscription {
  readonly subscription: UpstreamSubscription;
  /** From now on it is the one that `start` gives, unless its client has left: then nothing starts. */
  begin(start: () => UpstreamSubscription): void;
}

export function createDeferredSubscription(onLeave: () => void): DeferredSubscription {
  let begun: UpstreamSubscription | undefined;
  let hasLeft = false;
  let answerWaiting: ((message: UpstreamMessage) => void) | undefined;
  return {
    subscription: {
      next(receive) {
        if (begun !== undefined) begun.next(receive);
        else if (hasLeft) receive({ kind: 'complete' });
        else answerWaiting = receive;
      },
      leave(leave) {
        if (begun !== undefined) {
          begun.leave(leave);
          return;
        }
        hasLeft = true;
        onLeave();
        answerWaiting?.({ kind: 'complete' });
      },
    },
    begin(start) {
      if (hasLeft) return;
      begun = start();
      const answer = answerWaiting;
      answerWaiting = undefined;
      if (answer !== undefined) begun.next(answer);
    },
  };
}

/** A subscription that says `message` and nothing else. */
export function createEndedSubscription(message: UpstreamMessage): UpstreamSubscription {
  let rest: UpstreamMessage = message;
  return {
    next(receive) {
      const said = rest;
      rest = { kind: 'complete' };
      receive(said);
    },
    leave() {
      rest = { kind: 'complete' };
    },
  };
}
