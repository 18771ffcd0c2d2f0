import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Upload } from './upload.js';

export interface UploadSigner {
  /** Path and query of the request that may store this upload's bytes until it expires. */
  sign(upload: Upload): string;
  /** Whether `signature` was made for exactly this upload and this time, in constant time. */
  verify(upload: Upload, given: { expires: string; signature: string }): boolean;
}

/** Signs upload requests with HMAC-SHA256 over method, path, type, size and expiry. `key` is 32 random bytes. */
export function createUploadSigner(key: Uint8Array): UploadSigner {
  function signature(upload: Upload, expires: string): Buffer {
    const text = ['PUT', `/uploads/${upload.id}`, upload.contentType, String(upload.size), expires].join('\n');
    return createHmac('sha256', key).update(text).digest();
  }

  return {
    sign(upload) {
      const expires = String(upload.expiresAt.getTime());
      return `/uploads/${upload.id}?expires=${expires}&signature=${signature(upload, expires).toString('base64url')}`;
    },
    verify(upload, { expires, signature: given }) {
      const expected = signature(upload, expires);
      const bytes = Buffer.from(given, 'base64url');
      return bytes.length === expected.length && timingSafeEqual(bytes, expected);
    },
  };
}
