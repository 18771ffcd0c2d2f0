import type { Readable } from 'node:stream';
import { validate as isUuid } from 'uuid';
import { SizeMismatchError, type ObjectStore } from '../../../../shared/objects/object-store.js';
import type { UploadRepository } from './upload-repository.js';
import type { UploadSigner } from './upload-signature.js';
import { uploadKey } from './upload.js';

export interface ReceivedRequest {
  readonly id: string;
  readonly expires: string;
  readonly signature: string;
  readonly contentType: string | undefined;
  /** Null when the request does not say. */
  readonly contentLength: number | null;
  readonly body: Readable;
}

export type ReceiveResult =
  | { readonly kind: 'Stored' }
  | { readonly kind: 'NotFound' }
  | { readonly kind: 'BadSignature' }
  | { readonly kind: 'Expired' }
  | { readonly kind: 'Closed' }
  | { readonly kind: 'WrongType'; readonly expected: string }
  | { readonly kind: 'WrongSize'; readonly expected: number }
  | { readonly kind: 'TooLarge'; readonly expected: number };

export interface ReceiveUploadDependencies {
  readonly uploads: UploadRepository;
  readonly objects: ObjectStore;
  readonly signer: UploadSigner;
  readonly now?: () => number;
}

export type ReceiveUpload = (request: ReceivedRequest) => Promise<ReceiveResult>;

/**
 * Stores the bytes of a signed upload request, all or nothing. The signature is the permission, as with a presigned request of S3: the
 * client that sends the bytes need not hold the access token. While the upload is open the request may be sent again, so a lost answer
 * does no harm.
 */
export function createReceiveUpload({ uploads, objects, signer, now = Date.now }: ReceiveUploadDependencies): ReceiveUpload {
  return async ({ id, expires, signature, contentType, contentLength, body }) => {
    const upload = isUuid(id) ? await uploads.find(id) : null;
    if (upload === null) return { kind: 'NotFound' };
    if (!signer.verify(upload, { expires, signature })) return { kind: 'BadSignature' };
    // First, since whoever retries within a day is to learn that there is nothing left to send.
    if (upload.state.kind !== 'Open') return { kind: 'Closed' };
    if (upload.expiresAt.getTime() <= now()) return { kind: 'Expired' };
    if (contentType !== upload.contentType) return { kind: 'WrongType', expected: upload.contentType };
    if (contentLength !== null && contentLength > upload.size) return { kind: 'TooLarge', expected: upload.size };
    if (contentLength !== upload.size) return { kind: 'WrongSize', expected: upload.size };
    try {
      await objects.put(uploadKey(upload), body, { contentType: upload.contentType, size: upload.size });
    } catch (error) {
      if (error instanceof SizeMismatchError) return { kind: 'WrongSize', expected: upload.size };
      throw error;
    }
    return { kind: 'Stored' };
  };
}
