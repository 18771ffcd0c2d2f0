import type { RejectionCode } from '../processing/picture-processing.js';
import type { ImagePurpose } from '../image.js';

/** A promised file. The image that it becomes has the same id. */
export interface Upload {
  readonly id: string;
  readonly ownerId: string;
  readonly purpose: ImagePurpose;
  /** As promised; one of `uploadTypes`. */
  readonly contentType: string;
  /** Exact number of bytes promised. */
  readonly size: number;
  /** 32 hexadecimal digits; names its objects in the store. */
  readonly objectName: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly state: UploadState;
}

export type UploadState =
  { readonly kind: 'Open' } | { readonly kind: 'Published' } | { readonly kind: 'Rejected'; readonly code: RejectionCode };

/** Key of the raw bytes in the object store, which nothing serves. */
export function uploadKey(upload: Upload): string {
  return `uploads/${upload.objectName}`;
}

export function publishedName(upload: Upload): string {
  return `${upload.objectName}.webp`;
}
