import type { ExecutionResult } from 'graphql';
import type { Leave } from '../subgraph.js';

/** A subscription under way. */
export interface Operation {
  readonly signal: AbortSignal;
  /** Resolves when one more event may be sent; undefined when it may at once. After the end it may never resolve. */
  takeCredit(): Promise<void> | undefined;
  /** The client sent `complete`, unless it has said before how it left. */
  end(): void;
}

/** What is under way on one socket, and how its clients left. */
export interface SocketOperations {
  count(): number;
  /** `window` events may be sent before credit is needed. */
  open(id: string, window: number): Operation;
  /** The one client of operation `id` left; nothing when it is not under way. */
  leave(id: string, leave: Leave): void;
  grant(id: string, credit: number): void;
  /** The socket is gone, and with it every client. */
  leaveAll(leave: Leave): void;
}

interface OpenOperation extends Operation {
  leave(leave: Leave): void;
  grant(credit: number): void;
}

export function createSocketOperations(): SocketOperations {
  const open = new Map<string, OpenOperation>();
  let left: Leave | undefined;

  return {
    count: () => open.size,
    open(id, window) {
      const operation = createOperation(window, () => {
        // An id may be in use again while the one before it still winds down.
        if (open.get(id) === operation) open.delete(id);
      });
      if (left === undefined) open.set(id, operation);
      else operation.leave(left);
      return operation;
    },
    leave: (id, leave) => open.get(id)?.leave(leave),
    grant: (id, credit) => open.get(id)?.grant(credit),
    leaveAll(leave) {
      left = leave;
      for (const operation of open.values()) operation.leave(leave);
      open.clear();
    },
  };
}

function createOperation(window: number, onEnd: () => void): OpenOperation {
  const controller = new AbortController();
  let credit = window;
  let answerWaiting: (() => void) | undefined;
  return {
    signal: controller.signal,
    takeCredit() {
      if (credit > 0) {
        credit -= 1;
        return undefined;
      }
      return new Promise((resolve) => {
        answerWaiting = () => {
          credit -= 1;
          resolve();
        };
      });
    },
    leave: (leave) => controller.abort(leave),
    grant(more) {
      credit += more;
      const answer = answerWaiting;
      answerWaiting = undefined;
      answer?.();
    },
    end() {
      onEnd();
      controller.abort({ code: 0 } satisfies Leave);
    },
  };
}

/**
 * The events of `source`, taken only when they may be sent, so that a source can merge what a slow client has not got yet. `return()` acts
 * at once: it aborts the operation's signal, then returns the source, and answers a `next()` that is still waiting. An async generator's
 * own `return()` would queue behind that `next()` and leak the subscription. What `sendShared` has sent is not given.
 */
export function createOperationEvents(
  source: AsyncGenerator<ExecutionResult, void, void>,
  operation: Operation,
  sendShared: (result: ExecutionResult) => boolean = () => false,
): AsyncIterableIterator<ExecutionResult> {
  return new OperationEvents(source, operation, sendShared);
}

type Next = IteratorResult<ExecutionResult, void>;

const done: Next = { value: undefined, done: true };

/** A class: there is one for each subscription, and there are tens of thousands. */
class OperationEvents implements AsyncIterableIterator<ExecutionResult> {
  readonly #source: AsyncGenerator<ExecutionResult, void, void>;
  readonly #operation: Operation;
  readonly #sendShared: (result: ExecutionResult) => boolean;
  #isDone = false;
  #answer: ((result: Next) => void) | undefined;

  constructor(source: AsyncGenerator<ExecutionResult, void, void>, operation: Operation, sendShared: (result: ExecutionResult) => boolean) {
    this.#source = source;
    this.#operation = operation;
    this.#sendShared = sendShared;
  }

  next(): Promise<Next> {
    return new Promise((resolve, reject) => {
      if (this.#isDone) {
        resolve(done);
        return;
      }
      this.#answer = resolve;
      this.#pull().then(resolve, reject);
    });
  }

  async return(): Promise<Next> {
    if (this.#isDone) return done;
    this.#isDone = true;
    this.#operation.end();
    this.#answer?.(done);
    // What the clean-up of a resolver throws would close the socket, and with it the subscriptions of others.
    await this.#source.return(undefined).catch(() => undefined);
    return done;
  }

  async throw(error: unknown): Promise<never> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #pull(): Promise<Next> {
    for (;;) {
      const credit = this.#operation.takeCredit();
      if (credit !== undefined) await credit;
      if (this.#hasEnded()) return done;
      const result = await this.#pullOne();
      if (result !== undefined) return result;
    }
  }

  /** Undefined when it was sent. A function of its own: the loop would keep the last event of a quiet subscription alive. */
  async #pullOne(): Promise<Next | undefined> {
    const result = await this.#source.next();
    if (result.done === true) this.#operation.end();
    else if (!this.#hasEnded() && this.#sendShared(result.value)) return undefined;
    return result;
  }

  // In a function, because nothing tells the compiler that it changes while we wait.
  #hasEnded(): boolean {
    return this.#isDone;
  }
}
