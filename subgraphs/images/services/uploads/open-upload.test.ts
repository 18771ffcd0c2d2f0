import { describe, expect, it } from '@jest/globals';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import { AppError } from '../../../../shared/errors/app-error.js';
import type { ObjectStore } from '../../../../shared/objects/object-store.js';
import { createOpenUpload } from './open-upload.js';
import type { UploadRepository, Usage } from './upload-repository.js';
import type { Upload } from './upload.js';

const megabyte = 1024 * 1024;
const alice: Viewer = { userId: 'alice', username: 'alice', sessionId: 's', roles: ['USER'], authenticatedAt: 0, expiresAt: 0 };

describe('Opening an upload', () => {
  it.each<[string, Partial<Usage>, number, string]>([
    ['the 500th image', { images: 499 }, 1, 'Opened'],
    ['the 501st image', { images: 500 }, 1, 'QUOTA_EXCEEDED'],
    ['the 501st image, counting what is open', { images: 490, openUploads: 10 }, 1, 'QUOTA_EXCEEDED'],
    ['the last byte of 500 MB', { bytes: 475 * megabyte }, 25 * megabyte, 'Opened'],
    ['one byte more than 500 MB', { bytes: 475 * megabyte + 1 }, 25 * megabyte, 'QUOTA_EXCEEDED'],
    ['a 20th upload at a time', { openUploads: 19 }, 1, 'Opened'],
    ['a 21st upload at a time', { openUploads: 20, firstExpiresAt: new Date(90_500) }, 1, 'RATE_LIMITED after 91 s'],
  ])('judges %s', async (_, usage, size, expected) => {
    const { openUpload, opened } = setUp(usage);
    const outcome = await openUpload(alice, { contentType: 'image/png', size, purpose: 'GALLERY' }).then(
      (result) => (result.kind === 'InvalidInput' ? result.fields.map(({ code }) => code).join() : result.kind),
      (error: unknown) => (error instanceof AppError ? `${error.code} after ${error.retryAfter ?? 0} s` : error),
    );
    expect(outcome).toBe(expected);
    expect(opened).toHaveLength(expected === 'Opened' ? 1 : 0);
  });

  it('gives out requests that live as long as the upload, for a random key that the client does not choose', async () => {
    const { openUpload, opened, presigned } = setUp({});
    for (let index = 0; index < 2; index += 1) await openUpload(alice, { contentType: 'image/avif', size: 7, purpose: 'AVATAR' });
    expect(new Set(opened.map(({ objectName }) => objectName)).size).toBe(2);
    for (const [index, upload] of opened.entries()) {
      expect(upload.objectName).toMatch(/^[0-9a-f]{32}$/);
      expect(upload.expiresAt.getTime()).toBe(900_000);
      expect(presigned[index]).toEqual([`uploads/${upload.objectName}`, { contentType: 'image/avif', size: 7, expiresInSeconds: 900 }]);
    }
  });
});

function setUp(usage: Partial<Usage>) {
  const opened: Upload[] = [];
  const presigned: unknown[][] = [];
  const uploads: Pick<UploadRepository, 'open'> = {
    open: (upload, { judge }) => {
      const verdict = judge({ images: 0, bytes: 0, openUploads: 0, firstExpiresAt: null, ...usage });
      if (verdict.isAllowed) opened.push(upload);
      return Promise.resolve({ kind: 'Judged', verdict });
    },
  };
  const objects: Pick<ObjectStore, 'presignUpload'> = {
    presignUpload: (...args) => {
      presigned.push(args);
      return Promise.resolve(null);
    },
  };
  return {
    openUpload: createOpenUpload({ uploads, objects, signer: { sign: () => '/', verify: () => false }, now: () => 0 }),
    opened,
    presigned,
  };
}
