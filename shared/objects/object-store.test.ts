import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createLogger } from '../logging/logger.js';
import { availableObjectStore } from './available-object-store.js';
import { openFileObjectStore } from './file-object-store.js';
import type { ObjectStore } from './object-store.js';
import { openS3ObjectStore } from './s3-object-store.js';
import { realS3, startS3, type S3Access } from '../../tests/testkit/services/s3.js';
import { startStrictS3 } from '../../tests/testkit/services/strict-s3.js';

interface Implementation {
  readonly name: string;
  /** It writes over the file that others are reading, and answers the whole for bytes 0 to 0; a real S3 does neither. */
  readonly isS3rver?: boolean;
  /** As every real S3 does. */
  readonly checksSignatures?: boolean;
  readonly open: () => Promise<{ store: ObjectStore; close: () => Promise<void> }>;
}

const implementations: Implementation[] = [
  {
    name: 'files',
    open: async () => {
      const folder = await mkdtemp(join(tmpdir(), 'galaxia-objects-'));
      return { store: await openFileObjectStore({ folder }), close: () => rm(folder, { recursive: true }) };
    },
  },
  {
    name: 'files, with failures that clients understand',
    open: async () => {
      const folder = await mkdtemp(join(tmpdir(), 'galaxia-objects-'));
      return { store: availableObjectStore(await openFileObjectStore({ folder }), logger), close: () => rm(folder, { recursive: true }) };
    },
  },
  { name: 's3 (s3rver)', isS3rver: true, open: async () => openS3(await startS3()) },
  { name: 's3 (that checks signatures)', isS3rver: true, checksSignatures: true, open: async () => openS3(await startStrictS3()) },
];

const real = realS3();
if (real !== null) {
  implementations.push({
    name: `s3 (${real.endpoint})`,
    checksSignatures: true,
    open: () => openS3({ ...real, close: () => Promise.resolve() }),
  });
}

const logger = createLogger({ name: 'test', level: 'silent' });

async function openS3({ close, ...access }: S3Access & { close: () => Promise<void> }) {
  const store = await openS3ObjectStore({
    ...access,
    publicEndpoint: access.endpoint,
    delivery: 'redirect',
    bucket: `galaxia-test-${randomUUID()}`,
  });
  return { store, close };
}

describe.each(implementations)('the object store on $name', ({ open, isS3rver = false, checksSignatures = false }) => {
  let opened: Awaited<ReturnType<typeof open>>;
  let store: ObjectStore;

  beforeAll(async () => {
    opened = await open();
    store = opened.store;
  });
  afterAll(async () => {
    await store.close();
    await opened.close();
  });

  const text = { contentType: 'text/plain', size: 5 };

  async function read(key: string): Promise<Buffer | null> {
    const found = await store.get(key);
    return found === null ? null : buffer(found.body);
  }

  it.each(['', '/a', '../a', 'a/../b', 'a//b', 'a/', '.a', 'a/.b', 'A', 'a b', 'a\\b', 'a\0b', 'ä', 'a'.repeat(201)])(
    'refuses the key %j in every operation',
    async (key) => {
      await expect(store.put(key, Buffer.from('hello'), text)).rejects.toThrow(TypeError);
      await expect(store.get(key)).rejects.toThrow(TypeError);
      await expect(store.head(key)).rejects.toThrow(TypeError);
      await expect(store.delete(key)).rejects.toThrow(TypeError);
    },
  );

  it('knows nothing of a key that was never stored', async () => {
    expect(await store.get('never/stored')).toBeNull();
    expect(await store.head('never/stored')).toBeNull();
    await store.delete('never/stored');
  });

  it.each([
    ['a buffer that is one byte short', () => Buffer.from('hell')],
    ['a buffer that is one byte long', () => Buffer.from('hello!')],
    ['a stream that is one byte short', () => Readable.from([Buffer.from('he'), Buffer.from('ll')])],
    ['a stream that is one byte long', () => Readable.from([Buffer.from('hello'), Buffer.from('!')])],
  ])('stores nothing of %s and keeps what was there', async (_, body) => {
    await expect(store.put('sizes/new', body(), text)).rejects.toThrow('announced 5 bytes');
    expect(await store.head('sizes/new')).toBeNull();
    await store.put('sizes/old', Buffer.from('first'), text);
    await expect(store.put('sizes/old', body(), text)).rejects.toThrow('announced 5 bytes');
    expect(await read('sizes/old')).toEqual(Buffer.from('first'));
  });

  it('stops reading a stream that does not end', async () => {
    const endless = new Readable({
      read() {
        this.push(Buffer.alloc(1024));
      },
    });
    await expect(store.put('sizes/endless', endless, { contentType: 'text/plain', size: 10_000 })).rejects.toThrow('announced 10000 bytes');
    expect(endless.destroyed).toBe(true);
    expect(await store.head('sizes/endless')).toBeNull();
  });

  it('stores nothing of a stream that breaks', async () => {
    const broken = Readable.from(
      (function* () {
        yield Buffer.from('he');
        throw new Error('the client has gone');
      })(),
    );
    await expect(store.put('sizes/broken', broken, text)).rejects.toThrow('the client has gone');
    expect(await store.head('sizes/broken')).toBeNull();
  });

  it('gives back what was stored, with its type and size', async () => {
    const bytes = randomBytes(300_000);
    await store.put('some/where/a.bin', Readable.from([bytes.subarray(0, 100_000), bytes.subarray(100_000)]), {
      contentType: 'image/webp',
      size: bytes.length,
    });
    const found = await store.get('some/where/a.bin');
    expect(found?.object).toMatchObject({ contentType: 'image/webp', size: bytes.length });
    expect(found === null ? null : await buffer(found.body)).toEqual(bytes);
    expect(await store.head('some/where/a.bin')).toEqual(found?.object);
  });

  // Around the length up to which files are read at once.
  it.each([1, 65_535, 65_536, 65_537])('gives back an object of %d bytes, whole and in part', async (size) => {
    const bytes = randomBytes(size);
    await store.put('sized', bytes, { contentType: 'image/webp', size });
    expect(await read('sized')).toEqual(bytes);
    if (isS3rver && size === 1) return;
    const part = await store.get('sized', { range: { start: Math.floor(size / 2), end: size - 1 } });
    expect(part === null ? null : await buffer(part.body)).toEqual(bytes.subarray(Math.floor(size / 2)));
  });

  describe('of a part', () => {
    const bytes = randomBytes(200_000);
    const last = bytes.length - 1;
    beforeAll(() => store.put('part', bytes, { contentType: 'image/webp', size: bytes.length }));

    it.each([
      ['the first byte', 0, 0],
      ['the last byte', last, last],
      ['some in the middle', 70_000, 170_000],
      ['all but the first', 1, last],
      ['all', 0, last],
    ])('gives %s, and says how large the whole is', async (_, start, end) => {
      if (isS3rver && end === 0) return;
      const found = await store.get('part', { range: { start, end } });
      expect(found?.object).toEqual(await store.head('part'));
      expect(found !== null && bytes.subarray(start, end + 1).equals(await buffer(found.body))).toBe(true);
    });

    it.each([
      ['ends behind the end', 0, last + 1],
      ['begins behind the end', last + 1, last + 1],
      ['is backwards', 5, 4],
      ['is negative', -1, 4],
      ['is no whole number', 0, 1.5],
      ['is none', NaN, NaN],
    ])('refuses a range that %s', async (_, start, end) => {
      await expect(store.get('part', { range: { start, end } })).rejects.toThrow(RangeError);
    });

    it('knows nothing of a key that was never stored', async () => {
      expect(await store.get('never/stored', { range: { start: 0, end: 0 } })).toBeNull();
    });
  });

  it('keeps an empty object', async () => {
    await store.put('empty', Buffer.alloc(0), { contentType: 'text/plain', size: 0 });
    expect(await store.head('empty')).toMatchObject({ size: 0 });
    expect(await read('empty')).toEqual(Buffer.alloc(0));
  });

  it('changes the etag with the bytes, and not without', async () => {
    await store.put('etag', Buffer.from('first'), text);
    const first = await store.head('etag');
    expect(first?.etag).toMatch(/^[\w-]+$/);
    await store.put('etag', Buffer.from('first'), text);
    expect((await store.head('etag'))?.etag).toBe(first?.etag);
    await store.put('etag', Buffer.from('other'), text);
    expect((await store.head('etag'))?.etag).not.toBe(first?.etag);
  });

  it('replaces an object as a whole while others read it', async () => {
    const versions = [Buffer.alloc(50_000, 'a'), Buffer.alloc(50_000, 'b')] as const;
    const options = { contentType: 'text/plain', size: 50_000 };
    await store.put('replaced', versions[0], options);
    const readers = isS3rver ? 1 : 20;
    const seen = await Promise.all(
      Array.from({ length: readers }, async (_, index) => {
        if (index % 2 === 0) await store.put('replaced', versions[index % 4 === 0 ? 1 : 0], options);
        return read('replaced');
      }),
    );
    for (const bytes of seen) expect(versions.some((version) => bytes !== null && version.equals(bytes))).toBe(true);
  });

  it('forgets what was deleted', async () => {
    await store.put('gone', Buffer.from('hello'), text);
    await store.delete('gone');
    expect(await store.get('gone')).toBeNull();
    await store.delete('gone');
  });

  it('answers a ping', async () => {
    await store.ping();
  });

  it('takes an upload that it has presigned', async () => {
    const request = await store.presignUpload('presigned/a', { ...text, expiresInSeconds: 60 });
    if (request === null) return;
    const response = await fetch(request.url, {
      method: request.method,
      headers: request.headers.map(({ name, value }): [string, string] => [name, value]),
      body: 'hello',
    });
    expect(response.status).toBe(200);
    expect(await store.head('presigned/a')).toMatchObject({ contentType: 'text/plain', size: 5 });
  });

  it('refuses what differs from the upload that it has presigned', async () => {
    const request = await store.presignUpload('presigned/b', { ...text, expiresInSeconds: 60 });
    if (request === null || !checksSignatures) return;
    const send = (url: string, type: string, body: string, method = 'PUT') =>
      fetch(url, { method, headers: { 'content-type': type }, ...(method === 'GET' ? {} : { body }) });
    for (const answer of [
      await send(request.url, 'text/html', 'hello'),
      await send(request.url, 'text/plain', 'hello!'),
      await send(request.url, 'text/plain', 'hell'),
      await send(request.url.replace('presigned/b', 'presigned/c'), 'text/plain', 'hello'),
      await send(request.url.replace('X-Amz-Expires=60', 'X-Amz-Expires=600'), 'text/plain', 'hello'),
      await send(request.url, 'text/plain', '', 'GET'),
    ]) {
      expect(answer.status).toBe(403);
    }
    expect([await store.head('presigned/b'), await store.head('presigned/c')]).toEqual([null, null]);
  });

  it('lets clients read what it has presigned, with the headers that they are to see', async () => {
    await store.put('presigned/d', Buffer.from('hello'), { contentType: 'text/html', size: 5 });
    const url = store.presignDownload('presigned/d', {
      contentType: 'image/webp',
      cacheControl: "max-age=5, x='()*!'",
      validForSeconds: 60,
    });
    if (url === null) return;
    const response = await fetch(url);
    expect([response.status, await response.text()]).toEqual([200, 'hello']);
    expect(response.headers.get('content-type')).toBe('image/webp');
    expect(response.headers.get('cache-control')).toBe("max-age=5, x='()*!'");
    const part = await fetch(url, { headers: { range: 'bytes=1-2' } });
    expect([part.status, await part.text()]).toEqual([206, 'el']);
    if (!checksSignatures) return;
    expect((await fetch(url.replace('webp', 'html'))).status).toBe(403);
    expect((await fetch(url.replace('presigned/d', 'presigned/a'))).status).toBe(403);
  });
});

describe('the object store on files', () => {
  it('leaves nothing behind when a body is refused, and removes what a crash has left after an hour', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'galaxia-objects-'));
    const unfinished = join(folder, '.unfinished');
    try {
      const store = await openFileObjectStore({ folder });
      await expect(store.put('a', Buffer.from('hello!'), { contentType: 'text/plain', size: 5 })).rejects.toThrow();
      expect(await readdir(unfinished)).toEqual([]);

      const hanging = new Readable({ read: () => undefined });
      hanging.push('he');
      const crashed = store.put('b', hanging, { contentType: 'text/plain', size: 5 });
      while ((await readdir(unfinished)).length === 0) await new Promise(setImmediate);
      await openFileObjectStore({ folder });
      expect(await readdir(unfinished)).toHaveLength(1);
      await openFileObjectStore({ folder, now: () => Date.now() + 3_601_000 });
      expect(await readdir(unfinished)).toEqual([]);
      hanging.destroy(new Error('end of the test'));
      await expect(crashed).rejects.toThrow('end of the test');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
