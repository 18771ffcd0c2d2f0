import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import type { InvalidInput } from '../../../../shared/errors/invalid-input.js';
import type { ObjectStore } from '../../../../shared/objects/object-store.js';
import type { ImagePurpose } from '../image.js';
import type { CompleteUpload, CompleteUploadResult } from './complete-upload.js';
import { guessLength, guessType } from './guess-type.js';
import type { QuotaExceeded, ReserveUpload } from './reserve-upload.js';
import type { UploadRepository } from './upload-repository.js';
import { uploadKey } from './upload.js';

export interface ReceivedFile {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** As its sender says; null when they do not, or say that it is any bytes. */
  readonly contentType: string | null;
}

export type PublishFileResult = CompleteUploadResult | QuotaExceeded | InvalidInput;

export interface PublishFileDependencies {
  readonly reserveUpload: ReserveUpload;
  readonly completeUpload: CompleteUpload;
  readonly uploads: Pick<UploadRepository, 'reject'>;
  readonly objects: Pick<ObjectStore, 'put'>;
  readonly now?: () => number;
}

export type PublishFile = (
  viewer: Viewer,
  file: ReceivedFile,
  options: { readonly purpose: ImagePurpose; readonly idempotencyKey: string | null },
) => Promise<PublishFileResult>;

/**
 * All steps of an upload at once, for a file that is here already. They are the same steps, so that whatever stops them leaves
 * nothing but an upload behind, and who tries again with the same key gets the same image.
 */
export function createPublishFile({
  reserveUpload,
  completeUpload,
  uploads,
  objects,
  now = Date.now,
}: PublishFileDependencies): PublishFile {
  return async (viewer, { path, size, contentType: said }, { purpose, idempotencyKey }) => {
    const contentType = said ?? guessType(await readBeginning(path));
    if (contentType === null) return { kind: 'Rejected', code: 'UNSUPPORTED_TYPE' };
    const reserved = await reserveUpload(viewer, { contentType, size, purpose, idempotencyKey });
    if (reserved.kind !== 'Reserved') return reserved;
    const { upload } = reserved;
    try {
      if (upload.state.kind === 'Open') await objects.put(uploadKey(upload), createReadStream(path), { contentType, size });
      return await completeUpload(viewer, upload.id);
    } catch (error) {
      // Without a key nobody finds it again, and open it would count until it expires, against every new attempt.
      if (idempotencyKey === null) await Promise.allSettled([uploads.reject(upload.id, { code: 'CORRUPT', at: new Date(now()) })]);
      throw error;
    }
  };
}

async function readBeginning(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(guessLength), 0, guessLength, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
