/** Keys by the time at which they fall due: a binary heap, so that one timer is enough for any number of leases. */
export interface Deadlines {
  /** `key` falls due at `at` (ms) at the latest. */
  set(key: string, at: number): void;
  /** The earliest time, or null. */
  next(): number | null;
  /** Takes out a key that is due at `now`. */
  takeDue(now: number): string | undefined;
}

/**
 * A key stands here once, at the earliest time given for it since it was taken out. A lease is renewed often and ends seldom, so a later
 * time does not move the key: who takes it out early sets it again.
 */
export function createDeadlines(): Deadlines {
  const heap: { readonly key: string; readonly at: number }[] = [];
  const earliest = new Map<string, number>();

  function timeOf(index: number): number {
    return heap[index]?.at ?? Infinity;
  }

  function swap(a: number, b: number): void {
    const [atA, atB] = [heap[a], heap[b]];
    if (atA === undefined || atB === undefined) return;
    heap[a] = atB;
    heap[b] = atA;
  }

  function pop(): { readonly key: string; readonly at: number } | undefined {
    swap(0, heap.length - 1);
    const first = heap.pop();
    for (let index = 0; ;) {
      const child = timeOf(2 * index + 1) <= timeOf(2 * index + 2) ? 2 * index + 1 : 2 * index + 2;
      if (timeOf(child) >= timeOf(index)) return first;
      swap(index, child);
      index = child;
    }
  }

  /** Entries that an earlier one of the same key has replaced. */
  function dropStale(): void {
    for (let first = heap[0]; first !== undefined && earliest.get(first.key) !== first.at; first = heap[0]) pop();
  }

  return {
    set(key, at) {
      if ((earliest.get(key) ?? Infinity) <= at) return;
      earliest.set(key, at);
      heap.push({ key, at });
      for (let index = heap.length - 1; index > 0;) {
        const parent = (index - 1) >> 1;
        if (timeOf(parent) <= timeOf(index)) return;
        swap(index, parent);
        index = parent;
      }
    },
    next() {
      dropStale();
      return heap[0]?.at ?? null;
    },
    takeDue(now) {
      dropStale();
      if (timeOf(0) > now) return undefined;
      const key = pop()?.key;
      if (key !== undefined) earliest.delete(key);
      return key;
    },
  };
}
