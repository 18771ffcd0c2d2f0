import { startWakeableLoop } from '../../../../shared/background/wakeable-loop.js';
import type { Logger } from '../../../../shared/logging/logger.js';
import type { ObjectRemovals } from '../pictures/object-removals.js';
import type { UploadRepository } from '../uploads/upload-repository.js';
import { uploadKeptMs } from '../uploads/upload.js';

/** How often a process looks, in ms. */
const everyMs = 10 * 60_000;
const batchSize = 1000;

export interface CleanUpOptions {
  readonly uploads: Pick<UploadRepository, 'forgetBefore'>;
  readonly removals: Pick<ObjectRemovals, 'sweep'>;
  readonly logger: Logger;
  readonly now?: () => number;
  readonly pollMs?: number;
}

/** Removes what nobody needs any more, now and again, until it is closed. Several processes may do it at the same time. */
export function startCleanUp({ uploads, removals, logger, now = Date.now, pollMs = everyMs }: CleanUpOptions): { close(): Promise<void> } {
  return startWakeableLoop({
    async work({ closing }) {
      // A store that is down for long must not keep uploads, nor the database the objects.
      const [objects, forgotten] = await Promise.allSettled([removals.sweep(closing), forgetUploads(closing)]);
      if (objects.status === 'rejected') logger.error({ err: objects.reason as unknown }, 'objects were not removed');
      else if (objects.value > 0) logger.info({ removed: objects.value }, 'objects removed');
      if (forgotten.status === 'rejected') throw forgotten.reason;
    },
    onError: (error) => logger.error({ err: error }, 'expired uploads were not forgotten'),
    pollMs,
  });

  async function forgetUploads(closing: AbortSignal): Promise<void> {
    const time = new Date(now() - uploadKeptMs);
    while (!closing.aborted && (await uploads.forgetBefore(time, batchSize)) === batchSize);
  }
}
