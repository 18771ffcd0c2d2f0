import { describe, expect, it } from '@jest/globals';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import type { PresignedUpload } from '../../../../shared/objects/object-store.js';
import { createOpenUpload } from './open-upload.js';
import type { Upload, UploadState } from './upload.js';

const alice: Viewer = { userId: 'alice', username: 'alice', sessionId: 's', roles: ['USER'], authenticatedAt: 0, expiresAt: 0 };
const input = { contentType: 'image/avif', size: 7, purpose: 'AVATAR', idempotencyKey: null } as const;
const direct: PresignedUpload = { url: 'https://s3.example/object', method: 'PUT', headers: [] };
const ours: PresignedUpload = { url: '/signed', method: 'PUT', headers: [{ name: 'Content-Type', value: 'image/avif' }] };

describe('Opening an upload', () => {
  it('answers a request to the store that lives as long as the upload', async () => {
    const { openUpload, presigned, upload } = setUp({ direct, now: 0 });
    await expect(openUpload(alice, input)).resolves.toEqual({ kind: 'Opened', upload, request: direct });
    expect(presigned).toEqual([[`uploads/${upload.objectName}`, { contentType: 'image/avif', size: 7, expiresInSeconds: 900 }]]);
  });

  it('answers a request that lives no longer than the upload when it is opened again later', async () => {
    const { openUpload, presigned } = setUp({ direct, now: 600_500 });
    await openUpload(alice, input);
    expect(presigned).toMatchObject([[expect.any(String), { expiresInSeconds: 299 }]]);
  });

  it('answers a request to this server where clients do not reach the store', async () => {
    const { openUpload } = setUp({ direct: null, now: 0 });
    await expect(openUpload(alice, input)).resolves.toMatchObject({ request: ours });
  });

  it.each<UploadState>([{ kind: 'Published' }, { kind: 'Rejected', code: 'CORRUPT' }])(
    'lets nothing reach the store for an upload that is $kind, which is opened again',
    async (state) => {
      const { openUpload, presigned } = setUp({ direct, now: 0, state });
      await expect(openUpload(alice, input)).resolves.toMatchObject({ kind: 'Opened', request: ours });
      expect(presigned).toEqual([]);
    },
  );
});

function setUp({ direct: answer, now, state = { kind: 'Open' } }: { direct: PresignedUpload | null; now: number; state?: UploadState }) {
  const upload: Upload = {
    ...input,
    id: '0193a000-0000-7000-8000-000000000001',
    ownerId: alice.userId,
    objectName: 'a'.repeat(32),
    createdAt: new Date(0),
    expiresAt: new Date(900_000),
    state,
  };
  const presigned: unknown[][] = [];
  const openUpload = createOpenUpload({
    reserveUpload: () => Promise.resolve({ kind: 'Reserved', upload }),
    objects: {
      presignUpload: (...args) => {
        presigned.push(args);
        return Promise.resolve(answer);
      },
    },
    signer: { sign: () => '/signed', verify: () => false },
    now: () => now,
  });
  return { openUpload, presigned, upload };
}
