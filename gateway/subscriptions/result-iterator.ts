import type { ExecutionResult } from 'graphql';
import type { CompletedEvent } from './fan-out/fan-out.js';
import { prepareResult, type PreparedResult } from './fan-out/prepared-result.js';

export interface ResultSource {
  /** The next result, undefined at the end. Never rejects. */
  next(): Promise<CompletedEvent | undefined>;
  /** Sends a result past graphql-ws, which would serialise it again for each subscriber, and keep the last one for as long as it is quiet. */
  send(prepared: PreparedResult): void;
  /** Once, whichever way the iteration ends. */
  onEnd(): void;
}

/** The right to hand over a result: see `ClientSocket.turn`. */
export interface Turns {
  turn(): Promise<void> | undefined;
  passTurn(): void;
}

const done: IteratorResult<ExecutionResult, undefined> = { value: undefined, done: true };

/**
 * The results of one operation, for graphql-ws. Made by hand, because the `return()` of an `async function*` queues behind a `next()`
 * that waits for a quiet subscription, and everything upstream stays open until it is not quiet any more. This `return()` acts at once.
 */
export function createResultIterator(source: ResultSource, turns: Turns): AsyncIterableIterator<ExecutionResult, undefined> {
  let ended = false;
  let answerWaiting: ((result: IteratorResult<ExecutionResult, undefined>) => void) | undefined;

  function end(): void {
    if (ended) return;
    ended = true;
    source.onEnd();
    answerWaiting?.(done);
  }

  async function produce(): Promise<IteratorResult<ExecutionResult, undefined>> {
    for (;;) {
      const rest = await produceOne();
      if (rest !== undefined) return rest;
    }
  }

  /** Undefined when it was sent. A function of its own: the loop would keep the last result of a quiet subscription alive. */
  async function produceOne(): Promise<IteratorResult<ExecutionResult, undefined> | undefined> {
    const next = await source.next();
    if (next === undefined) {
      end();
      return done;
    }
    if (hasEnded()) return done;
    const turn = turns.turn();
    if (turn !== undefined) {
      await turn;
      if (hasEnded()) {
        turns.passTurn();
        return done;
      }
    }
    if (next.kind === 'result') {
      const { data = 'null', errors } = next.result;
      // What they say has to be masked.
      if (errors.length > 0) return { value: { data: JSON.parse(data) as Record<string, unknown> | null, errors }, done: false };
      source.send(prepareResult(data, new Set()));
    } else source.send(next.prepared);
    return undefined;
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
