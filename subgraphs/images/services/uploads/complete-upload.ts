import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { validate as isUuid } from 'uuid';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import { unauthenticated } from '../../../../shared/errors/app-error.js';
import type { Logger } from '../../../../shared/logging/logger.js';
import { exactSize } from '../../../../shared/objects/exact-size.js';
import { SizeMismatchError, type ObjectStore } from '../../../../shared/objects/object-store.js';
import type { ImageRepository } from '../gallery/image-repository.js';
import { toOnlooker } from '../gallery/onlooker.js';
import type { Image } from '../image.js';
import type { ObjectRemovals } from '../pictures/object-removals.js';
import type { createPictureDigests } from '../pictures/picture-digest.js';
import type { PictureRepository } from '../pictures/picture-repository.js';
import { storePicture } from '../pictures/store-picture.js';
import type { PictureProcessor, PictureWork, RejectionCode } from '../processing/picture-processing.js';
import type { Publication, UploadRepository } from './upload-repository.js';
import { publishedName, uploadKey, type Upload } from './upload.js';

export type CompleteUploadResult =
  | { readonly kind: 'Published'; readonly image: Image }
  | { readonly kind: 'NotFound' }
  | { readonly kind: 'Incomplete'; readonly expected: number }
  | { readonly kind: 'Rejected'; readonly code: RejectionCode };

export interface CompleteUploadDependencies {
  readonly uploads: Pick<UploadRepository, 'find' | 'reject' | 'publish'>;
  readonly images: Pick<ImageRepository, 'findMany'>;
  readonly pictures: Pick<PictureRepository, 'isShownTo'>;
  readonly objects: ObjectStore;
  readonly removals: Pick<ObjectRemovals, 'reserve' | 'carryOut'>;
  readonly digests: ReturnType<typeof createPictureDigests>;
  readonly processor: Pick<PictureProcessor, 'inTurn'>;
  readonly logger: Logger;
  readonly now?: () => number;
}

export type CompleteUpload = (viewer: Viewer | null, id: string) => Promise<CompleteUploadResult>;

/**
 * Checks the bytes of an upload, makes them into a picture and publishes the image that shows it. May be called again, and in parallel:
 * every call answers the same. A crash in between leaves the upload open, and what it has stored down for removal.
 */
export function createCompleteUpload(dependencies: CompleteUploadDependencies): CompleteUpload {
  const { uploads, images, pictures, objects, removals, digests, processor, logger, now = Date.now } = dependencies;
  // Parallel calls in this process share the work; the database decides between processes.
  const underWay = new Map<string, Promise<CompleteUploadResult>>();

  return async (viewer, id) => {
    if (viewer === null) throw unauthenticated();
    if (!isUuid(id)) return { kind: 'NotFound' };
    const upload = await uploads.find(id);
    // Uploads are forgotten after a day, images are not.
    if (upload === null) return imageOf(viewer.userId, id);
    // Somebody else's upload looks like none: its id must not become a way to learn that it exists.
    if (upload.ownerId !== viewer.userId) return { kind: 'NotFound' };
    if (upload.state.kind !== 'Open') return outcomeOf(upload);
    if (upload.expiresAt.getTime() <= now()) return { kind: 'NotFound' };

    const shared = underWay.get(upload.id);
    if (shared !== undefined) return shared;
    const work = complete(viewer, upload).finally(() => underWay.delete(upload.id));
    underWay.set(upload.id, work);
    return work;
  };

  async function imageOf(ownerId: string, id: string): Promise<CompleteUploadResult> {
    const image = (await images.findMany([id])).get(id);
    return image?.ownerId === ownerId ? { kind: 'Published', image } : { kind: 'NotFound' };
  }

  async function outcomeOf(upload: Upload): Promise<CompleteUploadResult> {
    switch (upload.state.kind) {
      case 'Rejected':
        return { kind: 'Rejected', code: upload.state.code };
      case 'Published':
        return imageOf(upload.ownerId, upload.id);
      case 'Open':
        return { kind: 'NotFound' };
    }
  }

  async function complete(viewer: Viewer, upload: Upload): Promise<CompleteUploadResult> {
    const stored = await objects.head(uploadKey(upload));
    if (stored === null || stored.size < upload.size) return { kind: 'Incomplete', expected: upload.size };
    // Only a store that does not check presigned requests lets more through.
    if (stored.size > upload.size) return reject(upload, 'TOO_LARGE');

    // In turn from the first byte on, so that what waits costs nothing.
    return processor.inTurn('upload', async (work) => {
      const { purpose, contentType: declaredType } = upload;
      const path = join(work.folder, 'upload');
      const digest = await fetchRaw(upload, path);
      if (digest === null) return { kind: 'Incomplete', expected: upload.size };
      // Only of a picture that the caller sees anyway: else a quick answer would tell them that somebody has this very file.
      if (await pictures.isShownTo(toOnlooker(viewer), digest)) {
        const outcome = await publish(upload, { digest, made: null });
        if (outcome !== null) return outcome;
      }
      return make(work, { path, declaredType, purpose, digest, upload });
    });
  }

  /** Brings the raw bytes to `path`. Answers their digest; null when they are not, or no more, those that were promised. */
  async function fetchRaw(upload: Upload, path: string): Promise<string | null> {
    const found = await objects.get(uploadKey(upload));
    if (found === null) return null;
    const digest = digests({ purpose: upload.purpose, declaredType: upload.contentType });
    try {
      await pipeline(
        found.body,
        exactSize(upload.size),
        async function* (chunks: AsyncIterable<Buffer>) {
          for await (const chunk of chunks) {
            digest.update(chunk);
            yield chunk;
          }
        },
        createWriteStream(path, { mode: 0o600 }),
      );
    } catch (error) {
      // The client has sent other bytes in between.
      if (error instanceof SizeMismatchError) return null;
      throw error;
    }
    return digest.end();
  }

  async function make(
    work: PictureWork,
    { path, upload, digest, ...options }: { path: string; upload: Upload; digest: string } & Parameters<PictureWork['process']>[1],
  ): Promise<CompleteUploadResult> {
    const result = await work.process(path, options);
    switch (result.kind) {
      case 'Rejected':
        return reject(upload, result.code);
      case 'Encoded': {
        const made = await storePicture({ objects, removals }, result);
        const outcome = await publish(upload, { digest, made });
        if (outcome === null) throw new Error('A picture that was made was not there');
        return outcome;
      }
    }
  }

  /** Null when the picture was not made, and is not there. */
  async function publish(upload: Upload, { digest, made }: Omit<Publication, 'image'>): Promise<CompleteUploadResult | null> {
    const { id, ownerId, purpose } = upload;
    const image = { id, ownerId, purpose, name: publishedName(upload), createdAt: new Date(now()) };
    // If this rejects, nobody knows whether it was committed: then the objects are the sweeper's, who asks the database.
    const outcome = await uploads.publish({ image, digest, made });
    const isMadeUsed = outcome.kind === 'Published' && outcome.usesMade;
    if (made !== null && !isMadeUsed) await removals.carryOut(made.reservation);
    switch (outcome.kind) {
      case 'NoPicture':
        return null;
      case 'Closed':
        return outcomeNow(upload.id);
      case 'Published':
        await removeRaw(upload);
        return { kind: 'Published', image: outcome.image };
    }
  }

  async function reject(upload: Upload, code: RejectionCode): Promise<CompleteUploadResult> {
    const isRejected = await uploads.reject(upload.id, { code, at: new Date(now()) });
    if (!isRejected) return outcomeNow(upload.id);
    await removeRaw(upload);
    return { kind: 'Rejected', code };
  }

  /** Another process has closed the upload meanwhile: its word counts. */
  async function outcomeNow(id: string): Promise<CompleteUploadResult> {
    const current = await uploads.find(id);
    return current === null ? { kind: 'NotFound' } : outcomeOf(current);
  }

  /** The outcome stands already, and the bytes are down for removal since the upload was opened. */
  async function removeRaw(upload: Upload): Promise<void> {
    await objects.delete(uploadKey(upload)).catch((error: unknown) => {
      logger.warn({ err: error, uploadId: upload.id }, 'raw upload not removed yet');
    });
  }
}
