import type { GatewayResult } from '../execution/supergraph.js';

export interface ResultSource {
  /** The next result, undefined at the end. Never rejects. */
  next(): Promise<GatewayResult | undefined>;
  /** Once, whichever way the iteration ends. */
  onEnd(): void;
}

/** The right to hand over a result: see `ClientSocket.turn`. */
export interface Turns {
  turn(): Promise<void>;
  passTurn(): void;
}

const done: IteratorResult<GatewayResult, undefined> = { value: undefined, done: true };

/**
 * The results of one operation, for graphql-ws. Made by hand, because the `return()` of an `async function*` queues behind a `next()`
 * that waits for a quiet subscription, and everything upstream stays open until it is not quiet any more. This `return()` acts at once.
 */
export function createResultIterator(source: ResultSource, turns: Turns): AsyncIterableIterator<GatewayResult, undefined> {
  let ended = false;
  let answerWaiting: ((result: IteratorResult<GatewayResult, undefined>) => void) | undefined;

  function end(): void {
    if (ended) return;
    ended = true;
    source.onEnd();
    answerWaiting?.(done);
  }

  async function produce(): Promise<IteratorResult<GatewayResult, undefined>> {
    const result = await source.next();
    if (result === undefined) {
      end();
      return done;
    }
    if (ended) return done;
    await turns.turn();
    if (!hasEnded()) return { value: result, done: false };
    turns.passTurn();
    return done;
  }

  // In a function, because nothing tells the compiler that `ended` changes while we wait.
  function hasEnded(): boolean {
    return ended;
  }

  return {
    next: () =>
      new Promise((resolve, reject) => {
        if (ended) {
          resolve(done);
          return;
        }
        answerWaiting = resolve;
        produce().then(resolve, reject);
      }),
    return() {
      end();
      return Promise.resolve(done);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
