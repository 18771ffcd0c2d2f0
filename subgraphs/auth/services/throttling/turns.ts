import { AppError } from '../../../../shared/errors/app-error.js';

/** Lets a few of the same kind run at a time; the others wait for their turn. Throws an `UNAVAILABLE` `AppError` when too many wait. */
export interface Turns {
  run<Result>(key: string, task: () => Promise<Result>): Promise<Result>;
}

/** At most `atOnce` tasks of one key at a time, in the order of their coming, and at most `maxWaiting` behind them. */
export function createTurns(atOnce: number, maxWaiting = 100): Turns {
  const lines = new Map<string, { running: number; readonly waiting: (() => void)[] }>();

  return {
    async run(key, task) {
      const line = lines.get(key) ?? { running: 0, waiting: [] };
      lines.set(key, line);
      if (line.waiting.length >= maxWaiting) {
        throw new AppError('UNAVAILABLE', 'Too many tries at once. Try again shortly.', { retryAfter: 1 });
      }
      if (line.running < atOnce) line.running += 1;
      // Whoever is done hands the turn on, so that nobody comes in between.
      else await new Promise<void>((resolve) => line.waiting.push(resolve));
      try {
        return await task();
      } finally {
        const next = line.waiting.shift();
        if (next !== undefined) next();
        else if ((line.running -= 1) === 0) lines.delete(key);
      }
    },
  };
}
