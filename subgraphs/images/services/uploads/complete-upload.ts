import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { validate as isUuid } from 'uuid';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import { unauthenticated } from '../../../../shared/errors/app-error.js';
import type { Logger } from '../../../../shared/logging/logger.js';
import { exactSize } from '../../../../shared/objects/exact-size.js';
import { SizeMismatchError, type ObjectStore } from '../../../../shared/objects/object-store.js';
import type { ImageRepository } from '../gallery/image-repository.js';
import { imageKey, type Image } from '../image.js';
import type { ImageProcessor } from '../processing/image-processor.js';
import type { RejectionCode } from '../processing/picture-processing.js';
import type { WorkQueue } from '../processing/work-queue.js';
import type { UploadRepository } from './upload-repository.js';
import { publishedName, uploadKey, type Upload } from './upload.js';

export type CompleteUploadResult =
  | { readonly kind: 'Published'; readonly image: Image }
  | { readonly kind: 'NotFound' }
  | { readonly kind: 'Incomplete'; readonly expected: number }
  | { readonly kind: 'Rejected'; readonly code: RejectionCode };

export interface CompleteUploadDependencies {
  readonly uploads: UploadRepository;
  readonly images: Pick<ImageRepository, 'findMany'>;
  readonly objects: ObjectStore;
  readonly processor: ImageProcessor;
  readonly queue: WorkQueue;
  readonly logger: Logger;
  readonly now?: () => number;
}

export type CompleteUpload = (viewer: Viewer | null, id: string) => Promise<CompleteUploadResult>;

/**
 * Checks the bytes of an upload, re-encodes them and publishes the image. May be called again, and in parallel: every call answers the
 * same. A crash in between leaves the upload open, and the next call writes the same objects again.
 */
export function createCompleteUpload(dependencies: CompleteUploadDependencies): CompleteUpload {
  const { uploads, images, objects, processor, queue, logger, now = Date.now } = dependencies;
  // Parallel calls in this process share the work; the database decides between processes.
  const underWay = new Map<string, Promise<CompleteUploadResult>>();

  return async (viewer, id) => {
    if (viewer === null) throw unauthenticated();
    const upload = isUuid(id) ? await uploads.find(id) : null;
    // Somebody else's upload looks like none: its id must not become a way to learn that it exists.
    if (upload?.ownerId !== viewer.userId) return { kind: 'NotFound' };
    if (upload.state.kind !== 'Open') return outcomeOf(upload);
    if (upload.expiresAt.getTime() <= now()) return { kind: 'NotFound' };

    const shared = underWay.get(upload.id);
    if (shared !== undefined) return shared;
    const work = complete(upload).finally(() => underWay.delete(upload.id));
    underWay.set(upload.id, work);
    return work;
  };

  async function outcomeOf(upload: Upload): Promise<CompleteUploadResult> {
    switch (upload.state.kind) {
      case 'Rejected':
        return { kind: 'Rejected', code: upload.state.code };
      case 'Published': {
        const image = (await images.findMany([upload.id])).get(upload.id);
        return image === undefined ? { kind: 'NotFound' } : { kind: 'Published', image };
      }
      case 'Open':
        return { kind: 'NotFound' };
    }
  }

  async function complete(upload: Upload): Promise<CompleteUploadResult> {
    const stored = await objects.head(uploadKey(upload));
    if (stored === null || stored.size < upload.size) return { kind: 'Incomplete', expected: upload.size };
    // Only a store that does not check presigned requests lets more through.
    if (stored.size > upload.size) return reject(upload, 'TOO_LARGE');

    // Inside the queue from the first byte in memory, so that what waits costs nothing.
    return queue.run(async () => {
      const bytes = await readRaw(upload);
      if (bytes === null) return { kind: 'Incomplete', expected: upload.size };
      const processed = await processor.process(bytes, { declaredType: upload.contentType, purpose: upload.purpose });
      switch (processed.kind) {
        case 'Rejected':
          return reject(upload, processed.code);
        case 'Encoded':
          return publish(upload, processed);
      }
    });
  }

  async function readRaw(upload: Upload): Promise<Buffer | null> {
    const found = await objects.get(uploadKey(upload));
    if (found === null) return null;
    const checked = exactSize(upload.size);
    try {
      const [bytes] = await Promise.all([buffer(checked), pipeline(found.body, checked)]);
      return bytes;
    } catch (error) {
      // The client has sent other bytes in between.
      if (error instanceof SizeMismatchError) return null;
      throw error;
    }
  }

  async function reject(upload: Upload, code: RejectionCode): Promise<CompleteUploadResult> {
    const isRejected = await uploads.reject(upload.id, { code, at: new Date(now()) });
    if (!isRejected) return outcomeNow(upload);
    await removeRaw(upload);
    return { kind: 'Rejected', code };
  }

  async function publish(
    upload: Upload,
    { bytes, contentType, width, height }: { bytes: Buffer; contentType: string; width: number; height: number },
  ): Promise<CompleteUploadResult> {
    const name = publishedName(upload);
    await objects.put(imageKey(name), bytes, { contentType, size: bytes.length });
    const { id, ownerId, purpose } = upload;
    const image: Image = { id, ownerId, purpose, name, contentType, size: bytes.length, width, height, createdAt: new Date(now()) };
    const isPublished = await uploads.publish(image);
    if (!isPublished) return outcomeNow(upload);
    await removeRaw(upload);
    return { kind: 'Published', image };
  }

  /** Another process has closed the upload meanwhile: its word counts. */
  async function outcomeNow(upload: Upload): Promise<CompleteUploadResult> {
    const current = await uploads.find(upload.id);
    return current === null ? { kind: 'NotFound' } : outcomeOf(current);
  }

  /** The outcome stands already, so a store that fails here only leaves work to `removeExpiredUploads`. */
  async function removeRaw(upload: Upload): Promise<void> {
    await objects.delete(uploadKey(upload)).catch((error: unknown) => {
      logger.warn({ err: error, uploadId: upload.id }, 'raw upload not removed yet');
    });
  }
}
