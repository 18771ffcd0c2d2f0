import { AppError } from '../../../../shared/errors/app-error.js';

export interface WorkQueue {
  /** Runs `task` when its turn comes. Rejects with `UNAVAILABLE` at once when too many wait already. */
  run<Result>(task: () => Promise<Result>): Promise<Result>;
}

/** Runs at most `concurrency` tasks at a time and lets at most `capacity` more wait, first come, first served. */
export function createWorkQueue({ concurrency, capacity }: { concurrency: number; capacity: number }): WorkQueue {
  let running = 0;
  const waiting: (() => void)[] = [];

  return {
    async run(task) {
      if (running < concurrency) running += 1;
      else if (waiting.length >= capacity) {
        throw new AppError('UNAVAILABLE', 'Too many images are being processed right now: try again in a few seconds.', { retryAfter: 5 });
      } else {
        // Whoever ends hands its place on, so that `running` stays as it is.
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
      try {
        return await task();
      } finally {
        const next = waiting.shift();
        if (next === undefined) running -= 1;
        else next();
      }
    },
  };
}
