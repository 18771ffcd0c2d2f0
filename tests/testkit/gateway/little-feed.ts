import type { Leave, SubscriptionConnection } from '../../../shared/graphql/subgraph.js';

/** Where tests put events in, and see who listens. */
export interface Feed {
  publish(message: unknown): void;
  /** Subscriptions open in the owning subgraph. */
  listeners(): number;
  /** How clients left, oldest first. */
  readonly leaves: Leave[];
  /** Ends every subscription from the subgraph's side. */
  complete(): void;
  fail(error: Error): void;
  /** How many events of `flood` were asked for. */
  floods: number;
}

/** Always has a next event, as fast as it is asked; gives way to timers, as real sources do. */
export function endless(make: () => unknown): AsyncIterableIterator<unknown> {
  return {
    next: () => new Promise((resolve) => setImmediate(() => resolve({ value: make(), done: false }))),
    return: () => Promise.resolve({ value: undefined, done: true }),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

type Waiting = { resolve: (result: IteratorResult<unknown>) => void; reject: (error: Error) => void };

/** `subscribe` is for resolvers: the events of `feed` as those of a subscription field. */
export function createFeed() {
  const open = new Set<{ give(message: unknown): void; end(): void; fail(error: Error): void }>();
  const feed: Feed = {
    floods: 0,
    leaves: [],
    publish(message) {
      for (const each of open) each.give(message);
    },
    listeners: () => open.size,
    complete() {
      for (const each of open) each.end();
    },
    fail(error) {
      for (const each of open) each.fail(error);
    },
  };

  function subscribe(field: string, connection: SubscriptionConnection | undefined): AsyncIterableIterator<unknown> {
    const queue: unknown[] = [];
    let waiting: Waiting | undefined;
    const done: IteratorResult<unknown> = { value: undefined, done: true };
    const self = {
      give(message: unknown) {
        const value = { [field]: message };
        if (waiting === undefined) queue.push(value);
        else waiting.resolve({ value, done: false });
        waiting = undefined;
      },
      end() {
        open.delete(self);
        waiting?.resolve(done);
      },
      fail(error: Error) {
        open.delete(self);
        waiting?.reject(error);
      },
    };
    open.add(self);
    connection?.signal.addEventListener('abort', () => feed.leaves.push(connection.signal.reason as Leave), { once: true });
    return {
      next: () =>
        new Promise((resolve, reject) => {
          if (queue.length > 0) resolve({ value: queue.shift(), done: false });
          else if (open.has(self)) waiting = { resolve, reject };
          else resolve(done);
        }),
      return() {
        self.end();
        return Promise.resolve(done);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
  return { feed, subscribe };
}
