/** What operators may want to know of a queue. Numbers that only grow begin with the process. */
export interface QueueLoad {
  readonly waiting: number;
  /** How long the first of them has waited, in ms; 0 when nobody waits. */
  readonly oldestMs: number;
  /** Tasks that were begun so far, and how long they waited for it altogether, in ms. */
  readonly begun: number;
  readonly waitedMs: number;
  /** Tasks that were not taken, or given up before their turn. */
  readonly refused: number;
}

/** Counts for a queue what came of its tasks. */
export interface QueueTally {
  /** Of one that waited since then; without it, of one that did not wait. */
  begin(since?: number): void;
  refuse(): void;
  /** With `waiting` in the order in which they came. */
  load(waiting: readonly { readonly since: number }[]): QueueLoad;
}

export function createQueueTally(now: () => number): QueueTally {
  let begun = 0;
  let waitedMs = 0;
  let refused = 0;
  return {
    begin(since) {
      begun += 1;
      if (since !== undefined) waitedMs += now() - since;
    },
    refuse: () => void (refused += 1),
    load(waiting) {
      const [first] = waiting;
      return { waiting: waiting.length, oldestMs: first === undefined ? 0 : now() - first.since, begun, waitedMs, refused };
    },
  };
}
