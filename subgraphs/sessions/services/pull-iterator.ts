/** An iterator whose values are taken from a source at the moment they are asked for: nothing is queued here. */
export interface PullIterator<Value> {
  readonly iterator: AsyncIterableIterator<Value>;
  /** The source may have a value now: answers a `next()` that waits. */
  readonly wake: () => void;
  /** Ends the iteration: every `next()` that waits, and every later one, is done. `last` is given once before that. */
  readonly end: (last?: Value) => void;
}

/**
 * `take` gives the next value or undefined when there is none; `onEnd` is called once, at the end. Made by hand because the `return()`
 * of an async generator queues behind a pending `next()`: a quiet subscription would never end, and leak.
 */
export function createPullIterator<Value>({ take, onEnd }: { take: () => Value | undefined; onEnd: () => void }): PullIterator<Value> {
  const waiting: ((result: IteratorResult<Value>) => void)[] = [];
  let hasEnded = false;
  let remaining: Value | undefined;
  const done: IteratorResult<Value> = { value: undefined, done: true };

  function end(last?: Value): void {
    if (hasEnded) return;
    hasEnded = true;
    remaining = last;
    for (const answer of waiting.splice(0)) answer(takeRemaining());
    onEnd();
  }

  function takeRemaining(): IteratorResult<Value> {
    const value = remaining;
    remaining = undefined;
    return value === undefined ? done : { value, done: false };
  }

  return {
    iterator: {
      next() {
        if (hasEnded) return Promise.resolve(takeRemaining());
        const value = waiting.length === 0 ? take() : undefined;
        if (value !== undefined) return Promise.resolve({ value, done: false });
        return new Promise((resolve) => waiting.push(resolve));
      },
      return() {
        end();
        remaining = undefined;
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
