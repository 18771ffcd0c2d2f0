import { setMaxListeners } from 'node:events';

/**
 * Tells that nobody waits any more: what data sources need of an `AbortSignal`, which is one too. A signal of `createCallerSignal` costs a
 * fiftieth of it, and there is one for each request of a client with a listener for each request to a subgraph.
 */
export interface CallerSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export interface AbortableCallerSignal extends CallerSignal {
  /** What listeners throw is thrown on. */
  abort(): void;
}

export function createCallerSignal(): AbortableCallerSignal {
  return new Signal();
}

/** A class, because V8 gives an object that is written with a getter a hidden class of its own, and clearing those away costs more than all else here. */
class Signal implements AbortableCallerSignal {
  aborted = false;
  #listeners: Set<() => void> | undefined;

  addEventListener(_type: 'abort', listener: () => void): void {
    if (!this.aborted) (this.#listeners ??= new Set()).add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners?.delete(listener);
  }

  abort(): void {
    this.aborted = true;
    const called = this.#listeners;
    this.#listeners = undefined;
    for (const listener of called ?? []) listener();
  }
}

/** An operation may ask for many things at once, and Node takes more than ten listeners for a leak. */
export function allowManyListeners(signal: AbortSignal): void {
  setMaxListeners(0, signal);
}
