import type { UpstreamEvent, UpstreamMessage } from './subgraph-data-source.js';

type End = Exclude<UpstreamMessage, UpstreamEvent>;

/** What a subgraph has pushed and nobody has pulled yet. It cannot refuse an event: who fills it must bound it, by `size` and `onTaken`. */
export interface MessageQueue {
  push(event: UpstreamEvent): void;
  /** The next message; waits for one. The `last` of `end` follows what is queued, and `complete` follows for ever after. */
  next(): Promise<UpstreamMessage>;
  end(last: End): void;
  hasEnded(): boolean;
  /** Events that wait to be taken. */
  size(): number;
  /** Ends it and drops what is queued; a `next` that waits gets `complete`. */
  abandon(): void;
}

const complete: UpstreamMessage = { kind: 'complete' };

/** `onTaken` is called for each event that its reader gets, and not any more after the end. */
export function createMessageQueue(onTaken: () => void): MessageQueue {
  // Most subscriptions are quiet, and there are thousands: no list before there is something in it.
  let events: UpstreamEvent[] | undefined;
  let last: End | undefined;
  let ended = false;
  let answerWaiting: ((message: UpstreamMessage) => void) | undefined;

  function give(message: UpstreamMessage): boolean {
    const answer = answerWaiting;
    answerWaiting = undefined;
    answer?.(message);
    return answer !== undefined;
  }

  return {
    push(event) {
      if (ended) return;
      if (give(event)) onTaken();
      else (events ??= []).push(event);
    },
    next() {
      const event = events?.shift();
      if (event !== undefined) {
        if (!ended) onTaken();
        return Promise.resolve(event);
      }
      events = undefined;
      if (!ended) return new Promise((resolve) => (answerWaiting = resolve));
      const message = last ?? complete;
      last = undefined;
      return Promise.resolve(message);
    },
    end(message) {
      if (ended) return;
      ended = true;
      if (!give(message)) last = message;
    },
    hasEnded: () => ended,
    size: () => events?.length ?? 0,
    abandon() {
      ended = true;
      events = undefined;
      last = undefined;
      give(complete);
    },
  };
}
