import type { UpstreamEvent, UpstreamMessage } from '../subgraph-data-source.js';

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

/** Whose queue it is. */
export interface QueueOwner {
  /** For each event that its reader gets, and not any more after the end. */
  onTaken(): void;
}

const complete: UpstreamMessage = { kind: 'complete' };

/** In `count` it is one until its end. */
export function createMessageQueue(owner: QueueOwner, count?: LiveCount): MessageQueue {
  return new Queue(owner, count);
}

/** A class: there are tens of thousands of them, mostly quiet, and a closure for each method would be five times as large. */
class Queue implements MessageQueue {
  readonly #owner: QueueOwner;
  readonly #count: LiveCount | undefined;
  /** No list before there is something in it. */
  #events: UpstreamEvent[] | undefined;
  #last: End | undefined;
  #hasEnded = false;
  #receive: ((message: UpstreamMessage) => void) | undefined;

  constructor(owner: QueueOwner, count: LiveCount | undefined) {
    this.#owner = owner;
    this.#count = count;
    if (count !== undefined) count.live += 1;
  }

  /** False when it had ended before. */
  #end(): boolean {
    if (this.#hasEnded) return false;
    this.#hasEnded = true;
    if (this.#count !== undefined) this.#count.live -= 1;
    return true;
  }

  #give(message: UpstreamMessage): boolean {
    const receive = this.#receive;
    this.#receive = undefined;
    receive?.(message);
    return receive !== undefined;
  }

  push(event: UpstreamEvent): void {
    if (this.#hasEnded) return;
    if (this.#receive === undefined) (this.#events ??= []).push(event);
    else {
      this.#owner.onTaken();
      this.#give(event);
    }
  }

  next(receive: (message: UpstreamMessage) => void): void {
    const event = this.#events?.shift();
    if (event !== undefined) {
      if (!this.#hasEnded) this.#owner.onTaken();
      receive(event);
      return;
    }
    this.#events = undefined;
    if (!this.#hasEnded) {
      this.#receive = receive;
      return;
    }
    const message = this.#last ?? complete;
    this.#last = undefined;
    receive(message);
  }

  end(message: End): void {
    if (this.#end() && !this.#give(message)) this.#last = message;
  }

  hasEnded(): boolean {
    return this.#hasEnded;
  }

  size(): number {
    return this.#events?.length ?? 0;
  }

  abandon(): void {
    this.#end();
    this.#events = undefined;
    this.#last = undefined;
    this.#give(complete);
  }
}
