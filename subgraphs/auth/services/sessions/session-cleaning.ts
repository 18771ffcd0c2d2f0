import type { Logger } from '../../../../shared/logging/logger.js';
import type { RefreshFamilyRepository } from '../../data/refresh-family-repository.js';
import { sessionLifetime } from './session-lifetime.js';

const hourMs = 60 * 60_000;

export interface SessionCleaning {
  run(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Forgets, every hour, sessions that are past their absolute end and exchanged tokens older than a session may rest: replaying one of
 * those is refused as unknown.
 */
export function createSessionCleaning(options: { families: RefreshFamilyRepository; logger: Logger; now?: () => number }): SessionCleaning {
  const { families, logger, now = Date.now } = options;

  async function run(): Promise<void> {
    try {
      await families.removeStale({ endedBefore: new Date(now()), usedBefore: new Date(now() - sessionLifetime.idleMs) });
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
