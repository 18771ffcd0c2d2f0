/** An iterator whose values are taken from a source at the moment they are asked for: nothing is queued here. */
export interface PullIterator<Value> {
  readonly iterator: AsyncIterableIterator<Value>;
  /** The source may have a value now: answers a `next()` that waits. */
  wake(): void;
  /** Ends the iteration: every `next()` that waits, and every later one, is done. `last` is given once before that. */
  end(last?: Value): void;
}

export interface PullSource<Value> {
  /** Gives the next value or undefined when there is none. */
  take(): Value | undefined;
  /** Called once, at the end. */
  onEnd(): void;
}

/**
 * Made by hand because the `return()` of an async generator queues behind a pending `next()`: a quiet subscription would never end, and
 * leak.
 */
export function createPullIterator<Value>(source: PullSource<Value>): PullIterator<Value> {
  return new Pull(source);
}

const done: IteratorReturnResult<undefined> = { value: undefined, done: true };

/** A class: there is one for each subscription, and there are tens of thousands. */
class Pull<Value> implements PullIterator<Value>, AsyncIterableIterator<Value> {
  readonly #source: PullSource<Value>;
  #waiting: ((result: IteratorResult<Value>) => void)[] | undefined;
  #hasEnded = false;
  #remaining: Value | undefined;

  constructor(source: PullSource<Value>) {
    this.#source = source;
  }

  get iterator(): this {
    return this;
  }

  next(): Promise<IteratorResult<Value>> {
    if (this.#hasEnded) return Promise.resolve(this.#takeRemaining());
    const value = this.#waiting === undefined ? this.#source.take() : undefined;
    if (value !== undefined) return Promise.resolve({ value, done: false });
    return new Promise((resolve) => this.#wait(resolve));
  }

  return(): Promise<IteratorResult<Value>> {
    this.end();
    this.#remaining = undefined;
    return Promise.resolve(done);
  }

  throw(error: unknown): Promise<never> {
    this.end();
    return Promise.reject(error instanceof Error ? error : new Error('The iteration was given up', { cause: error }));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  wake(): void {
    while (!this.#hasEnded && this.#waiting !== undefined) {
      const value = this.#source.take();
      if (value === undefined) return;
      this.#shift()?.({ value, done: false });
    }
  }

  end(last?: Value): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#remaining = last;
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const answer of waiting) answer(this.#takeRemaining());
    this.#source.onEnd();
  }

  /** Hardly ever more than one; a list that was pushed to has room for 17. */
  #wait(answer: (result: IteratorResult<Value>) => void): void {
    if (this.#waiting === undefined) this.#waiting = [answer];
    else this.#waiting.push(answer);
  }

  /** Nobody any more when `take` has ended it. */
  #shift(): ((result: IteratorResult<Value>) => void) | undefined {
    const answer = this.#waiting?.shift();
    if (this.#waiting?.length === 0) this.#waiting = undefined;
    return answer;
  }

  #takeRemaining(): IteratorResult<Value> {
    const value = this.#remaining;
    this.#remaining = undefined;
    return value === undefined ? done : { value, done: false };
  }
}
