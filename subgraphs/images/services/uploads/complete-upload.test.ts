import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../../../../shared/logging/logger.js';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import { AppError } from '../../../../shared/errors/app-error.js';
import { openFileObjectStore } from '../../../../shared/objects/file-object-store.js';
import type { ObjectStore } from '../../../../shared/objects/object-store.js';
import type { Image } from '../image.js';
import type { ProcessingResult } from '../processing/image-processor.js';
import { createCompleteUpload, type CompleteUploadDependencies } from './complete-upload.js';
import { removeExpiredUploads } from './remove-expired-uploads.js';
import { publishedName, uploadKey, type Upload } from './upload.js';
import type { UploadRepository } from './upload-repository.js';

const alice: Viewer = { userId: randomUUID(), username: 'alice', sessionId: 's', roles: ['USER'], authenticatedAt: 0, expiresAt: 0 };
const encoded: ProcessingResult = { kind: 'Encoded', bytes: Buffer.from('published'), contentType: 'image/webp', width: 1, height: 1 };
const logger = createLogger({ name: 'test', level: 'silent' });

describe('Completing an upload', () => {
  let folder: string;
  let objects: ObjectStore;
  let upload: Upload;
  let stored: ReturnType<typeof fakeRepositories>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'galaxia-complete-'));
    objects = await openFileObjectStore({ folder });
  });
  afterAll(() => rm(folder, { recursive: true }));
  beforeEach(async () => {
    upload = newUpload();
    stored = fakeRepositories(upload);
    await objects.put(uploadKey(upload), Buffer.from('bytes'), { contentType: 'image/png', size: 5 });
  });

  function complete(change: Partial<CompleteUploadDependencies> = {}) {
    const completeUpload = createCompleteUpload({
      ...stored,
      objects,
      processor: { process: () => Promise.resolve(encoded) },
      queue: { run: (task) => task() },
      logger,
      now: () => 1000,
      ...change,
    });
    return () => completeUpload(alice, upload.id);
  }

  const imageKey = () => `images/${publishedName(upload)}`;

  it('leaves everything as it was when the database fails, and succeeds afterwards', async () => {
    const failing = complete({ uploads: { ...stored.uploads, publish: () => Promise.reject(new Error('no database')) } });
    await expect(failing()).rejects.toThrow('no database');
    expect(await objects.head(uploadKey(upload))).not.toBeNull();
    expect(await complete()()).toMatchObject({ kind: 'Published' });
  });

  it('publishes nothing when the store fails', async () => {
    const failing = complete({ objects: { ...objects, put: () => Promise.reject(new Error('no store')) } });
    await expect(failing()).rejects.toThrow('no store');
    expect(stored.images.all()).toEqual([]);
  });

  it('succeeds although the raw bytes cannot be removed', async () => {
    const stubborn = complete({ objects: { ...objects, delete: () => Promise.reject(new Error('no store')) } });
    expect(await stubborn()).toMatchObject({ kind: 'Published' });
  });

  it('leaves the upload open when too many wait', async () => {
    const busy = complete({ queue: { run: () => Promise.reject(new AppError('UNAVAILABLE', 'busy', { retryAfter: 5 })) } });
    await expect(busy()).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfter: 5 });
    expect(await complete()()).toMatchObject({ kind: 'Published' });
  });

  it('answers the image of whichever process was first', async () => {
    const [one, other] = [complete(), complete()];
    const answers = await Promise.all([one(), other(), one(), other()]);
    expect(stored.images.all()).toHaveLength(1);
    for (const answer of answers) expect(answer).toEqual({ kind: 'Published', image: stored.images.all()[0] });
  });

  it('processes once for parallel calls in one process', async () => {
    let count = 0;
    const once = complete({
      processor: {
        process: () => {
          count += 1;
          return Promise.resolve(encoded);
        },
      },
    });
    await Promise.all([once(), once(), once()]);
    expect(count).toBe(1);
  });

  it('rejects more bytes than were promised, and waits for fewer', async () => {
    await objects.put(uploadKey(upload), Buffer.from('byte'), { contentType: 'image/png', size: 4 });
    expect(await complete()()).toEqual({ kind: 'Incomplete', expected: 5 });
    await objects.put(uploadKey(upload), Buffer.from('bytes!'), { contentType: 'image/png', size: 6 });
    expect(await complete()()).toEqual({ kind: 'Rejected', code: 'TOO_LARGE' });
    expect(await objects.head(uploadKey(upload))).toBeNull();
  });

  it('does not find the image of an upload that was deleted since', async () => {
    await complete()();
    stored.images.clear();
    expect(await complete()()).toEqual({ kind: 'NotFound' });
  });

  it('leaves only published bytes an hour after the expiry', async () => {
    const hour = 3_600_000;
    const expired = upload.expiresAt.getTime();
    const remove = (now: number) => removeExpiredUploads({ ...stored, objects, logger, now: () => now });

    await objects.put(imageKey(), Buffer.from('half-published'), { contentType: 'image/webp', size: 14 });
    expect(await remove(expired + hour)).toBe(0);
    expect(await remove(expired + hour + 1)).toBe(1);
    expect(await objects.head(uploadKey(upload))).toBeNull();
    expect(await objects.head(imageKey())).toBeNull();

    upload = newUpload();
    stored = fakeRepositories(upload);
    await objects.put(uploadKey(upload), Buffer.from('bytes'), { contentType: 'image/png', size: 5 });
    await complete()();
    // By a presigned request that was still good.
    await objects.put(uploadKey(upload), Buffer.from('bytes'), { contentType: 'image/png', size: 5 });
    expect(await remove(expired + hour + 1)).toBe(1);
    expect(await objects.head(uploadKey(upload))).toBeNull();
    expect(await objects.head(imageKey())).toMatchObject({ size: 9 });
  });
});

function newUpload(): Upload {
  return {
    id: randomUUID(),
    ownerId: alice.userId,
    purpose: 'GALLERY',
    contentType: 'image/png',
    size: 5,
    objectName: randomUUID().replaceAll('-', ''),
    createdAt: new Date(0),
    expiresAt: new Date(900_000),
    state: { kind: 'Open' },
  };
}

/** One upload and the image that it may become, with the database's rule that only an open upload can be closed. */
function fakeRepositories(first: Upload) {
  let upload: Upload | null = first;
  const images = new Map<string, Image>();
  const close = (state: Upload['state']): boolean => {
    if (upload?.state.kind !== 'Open') return false;
    upload = { ...upload, state };
    return true;
  };
  const uploads: UploadRepository = {
    open: () => Promise.reject(new Error('not used here')),
    find: (id) => Promise.resolve(upload?.id === id ? upload : null),
    reject: (_id, { code }) => Promise.resolve(close({ kind: 'Rejected', code })),
    publish: (image) => {
      const isClosed = close({ kind: 'Published' });
      if (isClosed) images.set(image.id, image);
      return Promise.resolve(isClosed);
    },
    findExpired: (time) => Promise.resolve(upload !== null && upload.expiresAt < time ? [upload] : []),
    forget: () => {
      upload = null;
      return Promise.resolve();
    },
  };
  return {
    uploads,
    images: {
      findMany: (ids: readonly string[]) => Promise.resolve(new Map([...images].filter(([id]) => ids.includes(id)))),
      all: () => [...images.values()],
      clear: () => images.clear(),
    },
  };
}
