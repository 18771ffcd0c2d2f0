import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../../../shared/logging/logger.js';
import { startCleanUp, type CleanUpOptions } from './clean-up.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const day = 86_400_000;

/** Cleans up until it has done so `rounds` times. */
async function cleanUp(parts: Pick<CleanUpOptions, 'uploads' | 'removals'>, rounds: number): Promise<void> {
  let left = rounds;
  await new Promise<void>((resolve) => {
    const running = startCleanUp({
      ...parts,
      removals: {
        sweep(closing) {
          left -= 1;
          if (left === 0) resolve(running.close());
          return parts.removals.sweep(closing);
        },
      },
      logger,
      now: () => 3 * day,
      pollMs: 1,
    });
  });
}

describe('The clean-up', () => {
  it('forgets uploads a day after they have expired, by the batch', async () => {
    const calls: [number, number][] = [];
    const uploads = {
      forgetBefore(time: Date, limit: number) {
        calls.push([time.getTime(), limit]);
        return Promise.resolve(calls.length === 1 ? limit : 0);
      },
    };
    await cleanUp({ uploads, removals: { sweep: () => Promise.resolve(0) } }, 2);
    expect(calls.slice(0, 2)).toEqual([
      [2 * day, 1000],
      [2 * day, 1000],
    ]);
  });

  it('goes on when the store or the database fails, and with the one when the other fails', async () => {
    let forgotten = 0;
    const uploads = {
      forgetBefore() {
        forgotten += 1;
        return forgotten === 1 ? Promise.reject(new Error('no database')) : Promise.resolve(0);
      },
    };
    await cleanUp({ uploads, removals: { sweep: () => Promise.reject(new Error('no store')) } }, 3);
    expect(forgotten).toBeGreaterThanOrEqual(2);
  });
});
