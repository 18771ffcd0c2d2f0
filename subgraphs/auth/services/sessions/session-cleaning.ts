import type { Logger } from '../../../../shared/logging/logger.js';
import type { RefreshFamilyRepository } from '../../data/refresh-family-repository.js';
import { sessionLifetime } from './session-lifetime.js';

const hourMs = 60 * 60_000;

export interface SessionCleaning {
  run(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Forgets, every hour, sessions that are past their absolute end, exchanged tokens older than a session may rest, and what has expired
 * in `expiring`: using one of those is refused as unknown.
 */
export function createSessionCleaning(options: {
  families: Pick<RefreshFamilyRepository, 'removeStale'>;
  expiring?: readonly { removeStale(endedBefore: Date): Promise<void> }[];
  logger: Logger;
  now?: () => number;
}): SessionCleaning {
  const { families, expiring = [], logger, now = Date.now } = options;

  async function run(): Promise<void> {
    try {
      await families.removeStale({ endedBefore: new Date(now()), usedBefore: new Date(now() - sessionLifetime.idleMs) });
      for (const each of expiring) await each.removeStale(new Date(now()));
    } catch (error) {
      logger.warn({ err: error }, 'stale sessions could not be removed; the next try is in an hour');
    }
  }

  let running: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    running = run();
  }, hourMs);
  timer.unref();
  return {
    run,
    async close() {
      clearInterval(timer);
      await running;
    },
  };
}
