/** Time, as everything about presence sees it; replaced by virtual time in tests. */
export interface Scheduler {
  /** ms since the epoch. */
  now(): number;
  /** Runs `task` once, `ms` from now. Returns a function that takes it back. */
  after(ms: number, task: () => void): () => void;
}

/** Real time. Its timers alone do not keep the process running. */
export function createScheduler(now: () => number = Date.now): Scheduler {
  return {
    now,
    after(ms, task) {
      const timer = setTimeout(task, Math.max(0, ms));
      timer.unref();
      return () => clearTimeout(timer);
    },
  };
}
