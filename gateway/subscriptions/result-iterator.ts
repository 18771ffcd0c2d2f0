import type { ExecutionResult } from 'graphql';
import type { CompletedEvent } from './fan-out/fan-out.js';
import { prepareResult, type PreparedResult } from './fan-out/prepared-result.js';

export interface ResultSource {
  /** Asks for the next result, which `receive` is called with once, maybe at once; undefined at the end. One call at a time. */
  next(receive: (result: CompletedEvent | undefined) => void): void;
  /** Sends a result past graphql-ws, which would serialise it again for each subscriber, and keep the last one for as long as it is quiet. */
  send(prepared: PreparedResult): void;
  /** Once, whichever way the iteration ends. */
  onEnd(): void;
}

/** The right to hand over a result: see `ClientSocket.turn`. */
export interface Turns {
  turn(onTurn: () => void): boolean;
  passTurn(): void;
}

const done: IteratorResult<ExecutionResult, undefined> = { value: undefined, done: true };
const nobody: ReadonlySet<string> = new Set();

/**
 * The results of one operation, for graphql-ws. Made by hand, because the `return()` of an `async function*` queues behind a `next()`
 * that waits for a quiet subscription, and everything upstream stays open until it is not quiet any more. This `return()` acts at once.
 * And without promises from the event to the socket: one event goes to thousands of these in one turn of the event loop.
 */
export function createResultIterator(source: ResultSource, turns: Turns): AsyncIterableIterator<ExecutionResult, undefined> {
  let ended = false;
  let answerWaiting: ((result: IteratorResult<ExecutionResult, undefined>) => void) | undefined;
  /** What waits for a turn. */
  let held: CompletedEvent | undefined;

  function end(): void {
    if (ended) return;
    ended = true;
    held = undefined;
    source.onEnd();
    answer(done);
  }

  function answer(result: IteratorResult<ExecutionResult, undefined>): void {
    const resolve = answerWaiting;
    answerWaiting = undefined;
    resolve?.(result);
  }

  function receive(next: CompletedEvent | undefined): void {
    if (ended) return;
    if (next === undefined) {
      end();
      return;
    }
    // Held only when it has to be: each event would otherwise be written into thousands of old objects, which garbage collection pays for.
    if (turns.turn(onTurn)) deliver(next);
    else held = next;
  }

  function onTurn(): void {
    const next = held;
    held = undefined;
    if (next === undefined) {
      // It has ended while it waited.
      turns.passTurn();
      return;
    }
    deliver(next);
  }

  function deliver(next: CompletedEvent): void {
    if (next.kind === 'prepared') source.send(next);
    else {
      const { data = 'null', errors } = next.result;
      if (errors.length > 0) {
        // What they say has to be masked: graphql-ws sends it, and asks for the next.
        answer({ value: { data: JSON.parse(data) as Record<string, unknown> | null, errors }, done: false });
        return;
      }
      source.send(prepareResult(data, nobody));
    }
    source.next(receive);
  }

  return {
    next: () =>
      new Promise((resolve) => {
        if (ended) {
          resolve(done);
          return;
        }
        answerWaiting = resolve;
        source.next(receive);
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
