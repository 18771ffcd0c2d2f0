import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import { encodeAs, redAndBlue } from '../../../../tests/testkit/product/pictures.js';
import { createPublishFile } from './publish-file.js';
import type { UploadRequest } from './reserve-upload.js';
import type { Upload, UploadState } from './upload.js';

const alice: Viewer = { userId: 'alice', username: 'alice', sessionId: 's', roles: ['USER'], authenticatedAt: 0, expiresAt: 0 };
const options = { purpose: 'GALLERY', idempotencyKey: 'k' } as const;

describe('Publishing a file that is here', () => {
  let folder: string;
  let path: string;
  let png: Buffer;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'galaxia-publish-'));
    path = join(folder, 'file');
    png = await encodeAs('image/png', redAndBlue());
    await writeFile(path, png);
  });
  afterAll(() => rm(folder, { recursive: true }));

  const file = () => ({ path, size: png.length, contentType: null });

  it('reserves, stores and completes, in this order, under the type that it has', async () => {
    const { publishFile, steps } = setUp({ kind: 'Open' });
    await expect(publishFile(alice, file(), options)).resolves.toEqual({ kind: 'Rejected', code: 'CORRUPT' });
    expect(steps).toEqual([
      ['reserve', { contentType: 'image/png', size: png.length, ...options }],
      ['put', `uploads/${'a'.repeat(32)}`, { contentType: 'image/png', size: png.length }, png],
      ['complete', 'id'],
    ]);
  });

  it.each<UploadState>([{ kind: 'Published' }, { kind: 'Rejected', code: 'CORRUPT' }])(
    'stores nothing again for an upload that is $kind, and answers what became of it',
    async (state) => {
      const { publishFile, steps } = setUp(state);
      await publishFile(alice, file(), options);
      expect(steps.map(([step]) => step)).toEqual(['reserve', 'complete']);
    },
  );

  it('believes the type that is said, which the decoder judges', async () => {
    const { publishFile, steps } = setUp({ kind: 'Open' });
    await publishFile(alice, { ...file(), contentType: 'image/gif' }, options);
    expect(steps[0]).toMatchObject(['reserve', { contentType: 'image/gif' }]);
  });

  it('completes nothing that the store has not taken, and gives up what no key finds again', async () => {
    for (const [idempotencyKey, expected] of [
      ['k', ['reserve']],
      [null, ['reserve', 'close']],
    ] as const) {
      const { publishFile, steps } = setUp({ kind: 'Open' }, new Error('the disk is full'));
      await expect(publishFile(alice, file(), { ...options, idempotencyKey })).rejects.toThrow('the disk is full');
      expect(steps.map(([step]) => step)).toEqual(expected);
    }
  });
});

function setUp(state: UploadState, failure?: Error) {
  const steps: unknown[][] = [];
  const reserved = (request: UploadRequest): Upload => ({
    ...request,
    id: 'id',
    ownerId: alice.userId,
    objectName: 'a'.repeat(32),
    createdAt: new Date(0),
    expiresAt: new Date(900_000),
    state,
  });
  const publishFile = createPublishFile({
    reserveUpload(_viewer, request) {
      steps.push(['reserve', request]);
      return Promise.resolve({ kind: 'Reserved', upload: reserved(request) });
    },
    completeUpload(_viewer, id) {
      steps.push(['complete', id]);
      return Promise.resolve({ kind: 'Rejected', code: 'CORRUPT' });
    },
    uploads: {
      reject(id) {
        steps.push(['close', id]);
        // Why it failed is what the client is to learn, whatever fails after that.
        return Promise.reject(new Error('the database is down'));
      },
    },
    objects: {
      async put(key, body, put) {
        const bytes = body instanceof Readable ? await buffer(body) : body;
        if (failure !== undefined) throw failure;
        steps.push(['put', key, put, bytes]);
      },
    },
  });
  return { publishFile, steps };
}
