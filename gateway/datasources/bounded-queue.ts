/** Events waiting here while the one before them is being completed; enough to cover a round trip, few enough to forget about memory. */
const capacity = 32;

export interface BoundedQueue<Item> {
  push(item: Item): void;
  /** The next item; waits for one. `last` follows what is queued, and `whenEnded` for ever after. */
  next(): Promise<Item>;
  end(last: Item): void;
  hasEnded(): boolean;
  /** Drops what is queued; a waiting `next` gets `whenEnded`. */
  clear(): void;
}

/** Between a source that pushes and a reader that pulls. It cannot refuse items: `onFull` must make the source stop, `onRoom` go on. */
export function createBoundedQueue<Item>(options: { onFull: () => void; onRoom: () => void; whenEnded: Item }): BoundedQueue<Item> {
  const items: Item[] = [];
  let ended = false;
  let full = false;
  let answerWaiting: ((item: Item) => void) | undefined;

  function deliver(item: Item): void {
    const answer = answerWaiting;
    answerWaiting = undefined;
    if (answer === undefined) items.push(item);
    else answer(item);
  }

  return {
    push(item) {
      if (ended) return;
      deliver(item);
      if (items.length >= capacity && !full) {
        full = true;
        options.onFull();
      }
    },
    next() {
      const item = items.shift();
      if (full && items.length <= capacity / 2) {
        full = false;
        options.onRoom();
      }
      if (item !== undefined) return Promise.resolve(item);
      if (ended) return Promise.resolve(options.whenEnded);
      return new Promise((resolve) => (answerWaiting = resolve));
    },
    end(last) {
      if (ended) return;
      ended = true;
      deliver(last);
    },
    hasEnded: () => ended,
    clear() {
      items.length = 0;
      answerWaiting?.(options.whenEnded);
      answerWaiting = undefined;
    },
  };
}
