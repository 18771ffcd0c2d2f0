import type { GatewayResult } from '../execution/supergraph.js';
import type { CompletedEvent } from './fan-out/fan-out.js';
import type { PreparedResult } from './fan-out/prepared-result.js';

export interface ResultSource {
  /** The next result, undefined at the end. Never rejects. */
  next(): Promise<CompletedEvent | undefined>;
  /** Sends a result that is serialised already, past graphql-ws, which would do it again for each subscriber. */
  send(prepared: PreparedResult): void;
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
    for (;;) {
      const next = await source.next();
      if (next === undefined) {
        end();
        return done;
      }
      if (hasEnded()) return done;
      await turns.turn();
      if (hasEnded()) {
        turns.passTurn();
        return done;
      }
      if (next.kind === 'result') return { value: next.result, done: false };
      source.send(next.prepared);
    }
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
