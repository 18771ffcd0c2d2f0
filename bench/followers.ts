/** Who follows a feed; each takes its events one by one. */
export interface Followers {
  /** `first` are there to take at once. */
  follow(first?: readonly unknown[]): AsyncIterableIterator<unknown>;
  give(value: unknown): void;
  count(): number;
}

export function createFollowers(): Followers {
  const followers = new Set<(value: unknown) => void>();
  return {
    follow(first = []) {
      const waiting = [...first];
      let take: ((result: IteratorResult<unknown>) => void) | undefined;
      const give = (value: unknown): void => {
        if (take === undefined) waiting.push(value);
        else take({ value, done: false });
        take = undefined;
      };
      followers.add(give);
      return {
        next: () =>
          new Promise((resolve) => {
            if (waiting.length > 0) resolve({ value: waiting.shift(), done: false });
            else take = resolve;
          }),
        return() {
          followers.delete(give);
          return Promise.resolve({ value: undefined, done: true });
        },
        [Symbol.asyncIterator]() {
          return this;
        },
      };
    },
    give(value) {
      for (const follower of followers) follower(value);
    },
    count: () => followers.size,
  };
}
