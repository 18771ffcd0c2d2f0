import { startWakeableLoop } from '../../../../shared/background/wakeable-loop.js';
import type { Logger } from '../../../../shared/logging/logger.js';
import type { RefreshFamilyRepository } from '../../data/refresh-family-repository.js';
import { sessionLifetime } from './session-lifetime.js';

const hourMs = 60 * 60_000;

export interface SessionCleaning {
  run(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Forgets, at the start and every hour, sessions that are past their absolute end, exchanged tokens older than a session may rest, and what
 * is over in `expiring`: using one of those is refused as unknown. Several nodes may do so at once.
 */
export function createSessionCleaning(options: {
  families: Pick<RefreshFamilyRepository, 'removeStale'>;
  expiring?: readonly { removeStale(endedBefore: Date): Promise<void> }[];
  logger: Logger;
  now?: () => number;
}): SessionCleaning {
  const { families, expiring = [], logger, now = Date.now } = options;
  const sessions = {
    removeStale: (endedBefore: Date) =>
      families.removeStale({ endedBefore, usedBefore: new Date(endedBefore.getTime() - sessionLifetime.idleMs) }),
  };

  async function run(): Promise<void> {
    // What cannot be removed from one table does not keep the others.
    for (const each of [sessions, ...expiring]) {
      await each
        .removeStale(new Date(now()))
        .catch((error: unknown) => logger.warn({ err: error }, 'what is over could not be removed; the next try is in an hour'));
    }
  }

  const loop = startWakeableLoop({ work: run, onError: (error) => logger.error({ err: error }, 'the cleaning failed'), pollMs: hourMs });
  return { run, close: () => loop.close() };
}
