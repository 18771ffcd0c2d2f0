import { startWakeableLoop, type WakeableLoop } from '../../../shared/background/wakeable-loop.js';
import type { Logger } from '../../../shared/logging/logger.js';
import type { SessionEndRepository } from './session-end-repository.js';
import type { SessionNews } from './session-news.js';

/** Within this time the user's devices hear that a session has expired, in ms. */
const sweepMs = 5_000;
const hourMs = 60 * 60_000;
/** How long one can still look up, in the export of an account, that there was a session, in ms. */
export const endedKeptMs = 30 * 24 * hourMs;
/** Some ms of work for the database. */
const batchSize = 200;

export interface SessionExpiryOptions {
  readonly repository: Pick<SessionEndRepository, 'expire' | 'removeEnded'>;
  readonly news: Pick<SessionNews, 'expired'>;
  readonly logger: Logger;
  readonly now: () => number;
}

/**
 * Announces sessions that have expired, which nobody does otherwise, and forgets, once an hour, those that ended long ago. How long they
 * live is auth's to say. Safe on several processes at once.
 */
export function startSessionExpiry({ repository, news, logger, now }: SessionExpiryOptions): WakeableLoop {
  let nextRemoval = 0;

  async function expire({ closing }: WakeableLoop): Promise<void> {
    let expired;
    do {
      expired = await repository.expire({ now: new Date(now()), limit: batchSize });
      await news.expired(expired);
    } while (expired.length === batchSize && !closing.aborted);
  }

  async function remove({ closing }: WakeableLoop): Promise<void> {
    if (now() < nextRemoval) return;
    const endedBefore = new Date(now() - endedKeptMs);
    while (!closing.aborted && (await repository.removeEnded({ endedBefore, limit: batchSize })) === batchSize);
    nextRemoval = now() + hourMs;
  }

  return startWakeableLoop({
    async work(loop) {
      await expire(loop);
      await remove(loop);
    },
    onError: (error) => logger.warn({ err: error }, 'expired sessions were not looked for; trying again in some seconds'),
    pollMs: sweepMs,
  });
}
