import type { ExecutionResult } from 'graphql';
import type { ClientConnection, TurnTaker } from './client-connection.js';
import type { CompletedEvent } from './fan-out/subscriber.js';
import { preparePayload, type PreparedResult } from './fan-out/prepared-result.js';

export interface ResultSource {
  /** Asks for the next result, which `receive` is called with once, maybe at once; undefined at the end. One call at a time. */
  next(receive: (result: CompletedEvent | undefined) => void): void;
  /** Sends a result past graphql-ws, which would serialise it again for each subscriber, and keep the last one for as long as it is quiet. */
  send(prepared: PreparedResult): void;
  /** Once, whichever way the iteration ends. */
  onEnd(): void;
}

/** The right to hand over a result. */
export type Turns = Pick<ClientConnection, 'turn' | 'passTurn'>;

const done: IteratorResult<ExecutionResult, undefined> = { value: undefined, done: true };

/**
 * The results of one operation, for graphql-ws. Made by hand, because the `return()` of an `async function*` queues behind a `next()`
 * that waits for a quiet subscription, and everything upstream stays open until it is not quiet any more. This `return()` acts at once.
 * And without promises from the event to the socket: one event goes to thousands of these in one turn of the event loop.
 */
export function createResultIterator(source: ResultSource, turns: Turns): AsyncIterableIterator<ExecutionResult, undefined> {
  return new ResultIterator(source, turns);
}

/** A class, as all that there is one of for each subscription. */
class ResultIterator implements AsyncIterableIterator<ExecutionResult, undefined>, TurnTaker {
  readonly #source: ResultSource;
  readonly #turns: Turns;
  #hasEnded = false;
  #answerWaiting: ((result: IteratorResult<ExecutionResult, undefined>) => void) | undefined;
  /** What waits for a turn. */
  #held: CompletedEvent | undefined;

  constructor(source: ResultSource, turns: Turns) {
    this.#source = source;
    this.#turns = turns;
  }

  next(): Promise<IteratorResult<ExecutionResult, undefined>> {
    return new Promise((resolve) => {
      if (this.#hasEnded) {
        resolve(done);
        return;
      }
      this.#answerWaiting = resolve;
      this.#source.next(this.#receive);
    });
  }

  return(): Promise<IteratorResult<ExecutionResult, undefined>> {
    this.#end();
    return Promise.resolve(done);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  onTurn(): void {
    const next = this.#held;
    this.#held = undefined;
    if (next === undefined) {
      // It has ended while it waited.
      this.#turns.passTurn();
      return;
    }
    this.#deliver(next);
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#held = undefined;
    this.#source.onEnd();
    this.#answer(done);
  }

  #answer(result: IteratorResult<ExecutionResult, undefined>): void {
    const resolve = this.#answerWaiting;
    this.#answerWaiting = undefined;
    resolve?.(result);
  }

  readonly #receive = (next: CompletedEvent | undefined): void => {
    if (this.#hasEnded) return;
    if (next === undefined) {
      this.#end();
      return;
    }
    // Held only when it has to be: each event would otherwise be written into thousands of old objects, which garbage collection pays for.
    if (this.#turns.turn(this)) this.#deliver(next);
    else this.#held = next;
  };

  #deliver(next: CompletedEvent): void {
    if (next.kind === 'prepared') this.#source.send(next);
    else {
      const { data = 'null', errors } = next.result;
      if (errors.length > 0) {
        // What they say has to be masked: graphql-ws sends it, and asks for the next.
        this.#answer({ value: { data: JSON.parse(data) as Record<string, unknown> | null, errors }, done: false });
        return;
      }
      this.#source.send(preparePayload(`{"data":${data}}`));
    }
    this.#source.next(this.#receive);
  }
}
