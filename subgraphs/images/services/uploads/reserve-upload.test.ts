import { describe, expect, it } from '@jest/globals';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import { defaultImageQuota, type ImageQuota } from '../../../../shared/config/image-quota-settings.js';
import { AppError } from '../../../../shared/errors/app-error.js';
import { createReserveUpload, type UploadRequest } from './reserve-upload.js';
import type { UploadRepository, Usage } from './upload-repository.js';
import type { Upload } from './upload.js';

const megabyte = 1024 * 1024;
const alice: Viewer = { userId: 'alice', username: 'alice', sessionId: 's', roles: ['USER'], authenticatedAt: 0, expiresAt: 0 };
const png: UploadRequest = { contentType: 'image/png', size: 1, purpose: 'GALLERY', idempotencyKey: null };

describe('Reserving an upload', () => {
  it.each<[string, Partial<Usage>, number, string]>([
    ['the 500th image', { images: 499 }, 1, 'Reserved'],
    ['the 501st image', { images: 500 }, 1, 'QuotaExceeded of 500 images'],
    ['the 500th image, counting what is open', { images: 489, openUploads: 10 }, 1, 'Reserved'],
    ['the 501st image, counting what is open', { images: 490, openUploads: 10 }, 1, 'QuotaExceeded of 500 images'],
    ['the last byte of 500 MB', { bytes: 475 * megabyte }, 25 * megabyte, 'Reserved'],
    ['one byte more than 500 MB', { bytes: 475 * megabyte + 1 }, 25 * megabyte, 'QuotaExceeded of 524288000 bytes'],
    ['a 20th upload at a time', { openUploads: 19 }, 1, 'Reserved'],
    ['a 21st upload at a time', { openUploads: 20, firstExpiresAt: new Date(90_500) }, 1, 'RATE_LIMITED after 91 s'],
  ])('judges %s', async (_, usage, size, expected) => {
    const { reserveUpload, opened } = setUp({ usage });
    const outcome = await reserveUpload(alice, { ...png, size }).then(
      (result) => {
        if (result.kind !== 'QuotaExceeded') return result.kind;
        const { images, maxImages, bytes, maxBytes } = result.usage;
        expect({ images, bytes }).toEqual({ images: (usage.images ?? 0) + (usage.openUploads ?? 0), bytes: usage.bytes ?? 0 });
        return `QuotaExceeded of ${images >= maxImages ? `${maxImages} images` : `${maxBytes} bytes`}`;
      },
      (error: unknown) => (error instanceof AppError ? `${error.code} after ${error.retryAfter ?? 0} s` : error),
    );
    expect(outcome).toBe(expected);
    expect(opened).toHaveLength(expected === 'Reserved' ? 1 : 0);
  });

  it.each<[string, Partial<UploadRequest>, string]>([
    ['nothing', { size: 0 }, 'size TOO_SMALL'],
    ['less than nothing', { size: -1 }, 'size TOO_SMALL'],
    ['25 MB', { size: 25 * megabyte }, ''],
    ['25 MB and a byte', { size: 25 * megabyte + 1 }, 'size TOO_LARGE'],
    ['an avatar of 5 MB', { size: 5 * megabyte, purpose: 'AVATAR' }, ''],
    ['an avatar of 5 MB and a byte', { size: 5 * megabyte + 1, purpose: 'AVATAR' }, 'size TOO_LARGE'],
    ['an SVG', { contentType: 'image/svg+xml' }, 'contentType UNSUPPORTED_TYPE'],
    ['a key of 1 character', { idempotencyKey: 'a' }, ''],
    ['a key of 64 characters', { idempotencyKey: '😀'.repeat(64) }, ''],
    ['a key of 65 characters', { idempotencyKey: 'a'.repeat(65) }, 'idempotencyKey INVALID'],
    ['a key of no character', { idempotencyKey: '' }, 'idempotencyKey INVALID'],
    ['a key that no database can keep', { idempotencyKey: 'a\0' }, 'idempotencyKey INVALID'],
    ['a key with half a character', { idempotencyKey: '\ud800' }, 'idempotencyKey INVALID'],
    [
      'everything wrong',
      { contentType: '', size: 0, idempotencyKey: '' },
      'contentType UNSUPPORTED_TYPE, size TOO_SMALL, idempotencyKey INVALID',
    ],
  ])('judges %s', async (_, change, problems) => {
    const { reserveUpload, opened } = setUp({});
    const result = await reserveUpload(alice, { ...png, ...change });
    expect(result.kind === 'InvalidInput' ? result.fields.map(({ path, code }) => `${path} ${code}`).join(', ') : '').toBe(problems);
    expect(opened).toHaveLength(problems === '' ? 1 : 0);
  });

  it('is refused to an anonymous caller', async () => {
    await expect(setUp({}).reserveUpload(null, png)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('answers the upload of the same key again, and refuses the key for another file', async () => {
    const { reserveUpload, opened } = setUp({});
    const request = { ...png, idempotencyKey: 'k' };
    await reserveUpload(alice, request);
    const [known] = opened;
    const again = setUp({ known });
    await expect(again.reserveUpload(alice, request)).resolves.toEqual({ kind: 'Reserved', upload: known });
    for (const change of [{ size: 2 }, { contentType: 'image/gif' }, { purpose: 'AVATAR' as const }]) {
      await expect(again.reserveUpload(alice, { ...request, ...change })).resolves.toMatchObject({
        kind: 'InvalidInput',
        fields: [{ path: 'idempotencyKey', code: 'ALREADY_USED' }],
      });
    }
    expect(again.opened).toEqual([]);
  });

  it.each<[string, Partial<Usage>, number, string]>([
    ['the third image', { images: 1, openUploads: 1 }, 1, 'You have reached the limit of 2 images'],
    ['the second image', { openUploads: 1 }, 1, ''],
    ['a byte too much', { bytes: megabyte }, 0.5 * megabyte + 1, 'does not fit into your 1.5 MB'],
    ['the last byte', { bytes: megabyte }, 0.5 * megabyte, ''],
  ])('judges by what is set: %s', async (_, usage, size, message) => {
    const { reserveUpload } = setUp({ usage, quota: { images: 2, bytes: 1.5 * megabyte, openUploads: 20 } });
    const result = await reserveUpload(alice, { ...png, size });
    expect(result.kind).toBe(message === '' ? 'Reserved' : 'QuotaExceeded');
    if (result.kind === 'QuotaExceeded') {
      expect(result.message).toContain(message);
      expect(result.usage).toMatchObject({ maxImages: 2, maxBytes: 1.5 * megabyte });
    }
  });

  it('judges how many are open by what is set', async () => {
    const open = (openUploads: number) =>
      setUp({ usage: { openUploads }, quota: { images: 9, bytes: 9, openUploads: 3 } }).reserveUpload(alice, png);
    expect((await open(2)).kind).toBe('Reserved');
    await expect(open(3)).rejects.toThrow('At most 3 uploads');
  });

  it('names objects by random keys that the client does not choose', async () => {
    const { reserveUpload, opened } = setUp({});
    for (let index = 0; index < 2; index += 1) await reserveUpload(alice, png);
    expect(new Set(opened.map(({ objectName }) => objectName)).size).toBe(2);
    for (const upload of opened) expect(upload.objectName).toMatch(/^[0-9a-f]{32}$/);
  });
});

function setUp({ usage, known, quota = defaultImageQuota }: { usage?: Partial<Usage>; known?: Upload | undefined; quota?: ImageQuota }) {
  const opened: Upload[] = [];
  const uploads: Pick<UploadRepository, 'open'> = {
    open: (upload, { judge }) => {
      if (known !== undefined) return Promise.resolve({ kind: 'Known', upload: known });
      const verdict = judge({ images: 0, bytes: 0, openUploads: 0, firstExpiresAt: null, ...usage });
      if (verdict.isAllowed) opened.push(upload);
      return Promise.resolve({ kind: 'Judged', verdict });
    },
  };
  return { reserveUpload: createReserveUpload({ uploads, quota, now: () => 0 }), opened };
}
