/** Places for tasks that run beside each other, for a queue to fill: who waits, and who is next, is the queue's own affair. */
export interface TaskSlots {
  isFree(): boolean;
  /** Runs `task` at once. Its place is free again before the answer is told. */
  start<Result>(task: () => Promise<Result>): Promise<Result>;
  /** In how many seconds, at least one, a place will be free behind so many that wait, by how long tasks have taken lately. */
  retryAfter(waiting: number): number;
  /** Resolves when all tasks that run now are done. */
  settled(): Promise<void>;
}

export interface TaskSlotsOptions {
  readonly concurrency: number;
  /** What a task is thought to take before any has been run. */
  readonly expectedTaskMs: number;
  /** A place is free: time to start the next one. */
  readonly onFree: () => void;
  readonly now: () => number;
}

export function createTaskSlots({ concurrency, expectedTaskMs, onFree, now }: TaskSlotsOptions): TaskSlots {
  const running = new Set<Promise<unknown>>();
  let meanTaskMs = expectedTaskMs;

  return {
    isFree: () => running.size < concurrency,
    async start(task) {
      const startedAt = now();
      // Also of a task that throws before it answers a promise, the place is handed on.
      const work = (async () => task())();
      running.add(work);
      try {
        return await work;
      } finally {
        running.delete(work);
        meanTaskMs += (now() - startedAt - meanTaskMs) / 16;
        onFree();
      }
    },
    retryAfter: (waiting) => Math.max(1, Math.ceil((waiting * meanTaskMs) / concurrency / 1000)),
    async settled() {
      await Promise.allSettled(running);
    },
  };
}
