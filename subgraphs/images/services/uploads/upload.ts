import type { RejectionCode } from '../processing/picture-processing.js';
import type { ImagePurpose } from '../image.js';
import type { Reservation } from '../pictures/object-removals.js';

/** A promised file. The image that it becomes has the same id. */
export interface Upload {
  readonly id: string;
  readonly ownerId: string;
  readonly purpose: ImagePurpose;
  /** As promised; one of `uploadTypes`. */
  readonly contentType: string;
  /** Exact number of bytes promised. */
  readonly size: number;
  /** 32 hexadecimal digits; names its raw bytes in the store. */
  readonly objectName: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly state: UploadState;
  /** The client's own; null for none. */
  readonly idempotencyKey: string | null;
}

/** For so long an upload is found again by its idempotency key. In ms. */
export const uploadKeptMs = 24 * 60 * 60_000;

/** When the raw bytes go at the latest: a request that began just before the expiry, or a completion, is over by then. */
export function rawRemoval(upload: Upload): Reservation {
  return { keys: [uploadKey(upload)], dueAt: new Date(upload.expiresAt.getTime() + 60 * 60_000) };
}

export type UploadState =
  { readonly kind: 'Open' } | { readonly kind: 'Published' } | { readonly kind: 'Rejected'; readonly code: RejectionCode };

/** Key of the raw bytes in the object store, which nothing serves. */
export function uploadKey(upload: Upload): string {
  return `uploads/${upload.objectName}`;
}

/** Name of the image that it becomes. */
export function publishedName(upload: Pick<Upload, 'objectName'>): string {
  return `${upload.objectName}.webp`;
}
