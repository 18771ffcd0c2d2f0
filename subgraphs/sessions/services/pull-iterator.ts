/** An iterator whose values are taken from a source at the moment they are asked for: nothing is queued here. */
export interface PullIterator<Value> {
  readonly iterator: AsyncIterableIterator<Value>;
  /** The source may have a value now: answers a `next()` that waits. */
  readonly wake: () => void;
  /** Ends the iteration: every `next()` that waits, and every later one, is done. */
  readonly end: () => void;
}

/**
 * `take` gives the next value or undefined when there is none; `onEnd` is called once, at the end. Made by hand because the `return()`
 * of an async generator queues behind a pending `next()`: a quiet subscription would never end, and leak.
 */
export function createPullIterator<Value>({ take, onEnd }: { take: () => Value | undefined; onEnd: () => void }): PullIterator<Value> {
  const waiting: ((result: IteratorResult<Value>) => void)[] = [];
  let hasEnded = false;
  const done: IteratorResult<Value> = { value: undefined, done: true };

  function end(): void {
    if (hasEnded) return;
    hasEnded = true;
    for (const answer of waiting.splice(0)) answer(done);
    onEnd();
  }

  return {
    iterator: {
      next() {
        if (hasEnded) return Promise.resolve(done);
        const value = waiting.length === 0 ? take() : undefined;
        if (value !== undefined) return Promise.resolve({ value, done: false });
        return new Promise((resolve) => waiting.push(resolve));
      },
      return() {
        end();
        return Promise.resolve(done);
      },
      throw(error: unknown) {
        end();
        return Promise.reject(error instanceof Error ? error : new Error('The iteration was given up', { cause: error }));
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    },
    wake() {
      while (!hasEnded && waiting.length > 0) {
        const value = take();
        if (value === undefined) return;
        waiting.shift()?.({ value, done: false });
      }
    },
    end,
  };
}
