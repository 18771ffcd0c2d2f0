import type { UpstreamEvent, UpstreamMessage } from './subgraph-data-source.js';

type End = Exclude<UpstreamMessage, UpstreamEvent>;

/** What a subgraph has pushed and nobody has pulled yet. It cannot refuse an event: who fills it must bound it, by `size` and `onTaken`. */
export interface MessageQueue {
  push(event: UpstreamEvent): void;
  /** Gives the next message, when there is one. The `last` of `end` follows what is queued, and `complete` follows for ever after. */
  next(receive: (message: UpstreamMessage) => void): void;
  end(last: End): void;
  hasEnded(): boolean;
  /** Events that wait to be taken. */
  size(): number;
  /** Ends it and drops what is queued; a `next` that waits gets `complete`. */
  abandon(): void;
}

/** How many of something there are. */
export interface LiveCount {
  live: number;
}

const complete: UpstreamMessage = { kind: 'complete' };

/** `onTaken` is called for each event that its reader gets, and not any more after the end. In `count` it is one until then. */
export function createMessageQueue(onTaken: () => void, count: LiveCount = { live: 0 }): MessageQueue {
  // Most subscriptions are quiet, and there are thousands: no list before there is something in it.
  let events: UpstreamEvent[] | undefined;
  let last: End | undefined;
  let ended = false;
  let answerWaiting: ((message: UpstreamMessage) => void) | undefined;
  count.live += 1;

  function give(message: UpstreamMessage): boolean {
    const answer = answerWaiting;
    answerWaiting = undefined;
    answer?.(message);
    return answer !== undefined;
  }

  return {
    push(event) {
      if (ended) return;
      if (answerWaiting === undefined) (events ??= []).push(event);
      else {
        onTaken();
        give(event);
      }
    },
    next(receive) {
      const event = events?.shift();
      if (event !== undefined) {
        if (!ended) onTaken();
        receive(event);
        return;
      }
      events = undefined;
      if (!ended) {
        answerWaiting = receive;
        return;
      }
      const message = last ?? complete;
      last = undefined;
      receive(message);
    },
    end(message) {
      if (ended) return;
      ended = true;
      count.live -= 1;
      if (!give(message)) last = message;
    },
    hasEnded: () => ended,
    size: () => events?.length ?? 0,
    abandon() {
      if (!ended) count.live -= 1;
      ended = true;
      events = undefined;
      last = undefined;
      give(complete);
    },
  };
}
