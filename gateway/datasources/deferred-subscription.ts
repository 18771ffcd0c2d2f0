import type { UpstreamMessage, UpstreamSubscription } from './subgraph-data-source.js';

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
      next() {
        if (begun !== undefined) return begun.next();
        if (hasLeft) return Promise.resolve({ kind: 'complete' });
        return new Promise((resolve) => (answerWaiting = resolve));
      },
      leave(leave) {
        if (begun !== undefined) {
          begun.leave(leave);
          return;
        }
        hasLeft = true;
        answerWaiting?.({ kind: 'complete' });
        onLeave();
      },
    },
    begin(start) {
      if (hasLeft) return;
      begun = start();
      // Never rejects.
      if (answerWaiting !== undefined) void begun.next().then(answerWaiting);
      answerWaiting = undefined;
    },
  };
}

/** A subscription that says `message` and nothing else. */
export function createEndedSubscription(message: UpstreamMessage): UpstreamSubscription {
  let rest: UpstreamMessage = message;
  return {
    next() {
      const said = rest;
      rest = { kind: 'complete' };
      return Promise.resolve(said);
    },
    leave() {
      rest = { kind: 'complete' };
    },
  };
}
