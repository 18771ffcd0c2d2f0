import type { Logger } from '../../../../shared/logging/logger.js';
import type { ObjectStore } from '../../../../shared/objects/object-store.js';
import { imageKey } from '../image.js';
import type { UploadRepository } from './upload-repository.js';
import { publishedName, uploadKey } from './upload.js';

/** A request that began just before the expiry, or a completion, is over by then. In ms. */
const graceMs = 60 * 60_000;
const batchSize = 100;

export interface RemoveExpiredUploadsDependencies {
  readonly uploads: UploadRepository;
  readonly objects: ObjectStore;
  readonly logger: Logger;
  readonly now?: () => number;
}

/**
 * Removes uploads that expired an hour ago, and all bytes of those that were not published. Answers how many. Objects go before the row
 * that names them, so that a crash in between loses track of nothing.
 */
export async function removeExpiredUploads({
  uploads,
  objects,
  logger,
  now = Date.now,
}: RemoveExpiredUploadsDependencies): Promise<number> {
  let removed = 0;
  for (;;) {
    const expired = await uploads.findExpired(new Date(now() - graceMs), batchSize);
    for (const upload of expired) {
      await objects.delete(uploadKey(upload));
      if (upload.state.kind !== 'Published') await objects.delete(imageKey(publishedName(upload)));
      await uploads.forget(upload.id);
      removed += 1;
    }
    if (expired.length < batchSize) break;
  }
  if (removed > 0) logger.info({ removed }, 'expired uploads removed');
  return removed;
}
