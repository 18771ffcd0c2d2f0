import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { FastifyInstance } from 'fastify';
import { createHttpServer } from '../../../shared/http/server.js';
import { createLogger } from '../../../shared/logging/logger.js';
import { availableObjectStore } from '../../../shared/objects/available-object-store.js';
import { openFileObjectStore } from '../../../shared/objects/file-object-store.js';
import type { ObjectStore } from '../../../shared/objects/object-store.js';
import { openS3ObjectStore } from '../../../shared/objects/s3-object-store.js';
import { startStrictS3, type StrictS3 } from '../../../tests/testkit/services/strict-s3.js';
import { createDelivery } from '../services/delivery/delivery.js';
import { createPictureCache } from '../services/delivery/picture-cache.js';
import { pictureKey, variantKey, type Picture } from '../services/pictures/picture.js';
import { getMediaRoute, mediaCacheControl } from './get-media.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const name = 'a'.repeat(32);
const [full, thumb, avif] = [randomBytes(500_000), randomBytes(3000), randomBytes(2000)];
const picture: Picture = {
  id: 'picture',
  objectName: 'b'.repeat(32),
  contentType: 'image/webp',
  size: full.length,
  width: 200,
  height: 100,
  variants: [{ name: 'thumb', width: 96, height: 48, formats: { 'image/webp': thumb.length } }],
  placeholder: null,
  dominantColor: null,
};
const withAvif: Picture = {
  ...picture,
  variants: [{ name: 'thumb', width: 96, height: 48, formats: { 'image/webp': thumb.length, 'image/avif': avif.length } }],
};
const acceptsAvif = { accept: 'image/avif,image/webp,*/*;q=0.8' };

let published: Picture | null;
/** What becomes of a wish for AVIF; by default nothing does for as long as somebody waits. */
let make: () => Promise<boolean>;
let time: number;
let app: FastifyInstance;
let url: string;

async function serve(objects: ObjectStore): Promise<void> {
  for (const [key, bytes, contentType] of [
    [pictureKey(picture), full, 'image/webp'],
    [variantKey(picture, 'thumb', 'image/webp'), thumb, 'image/webp'],
    [variantKey(picture, 'thumb', 'image/avif'), avif, 'image/avif'],
  ] as const) {
    await objects.put(key, bytes, { contentType, size: bytes.length });
  }
  [published, time, make] = [picture, 0, () => new Promise(() => undefined)];
  const delivery = createDelivery({
    pictures: createPictureCache({
      pictures: { find: (asked) => Promise.resolve(asked === `${name}.webp` ? published : null) },
      now: () => time,
    }),
    objects: availableObjectStore(objects, logger),
    makeFormat: () => make(),
    cacheControl: mediaCacheControl,
    wait: () => Promise.resolve(),
  });
  app = createHttpServer({ logger });
  await app.register((scope, _options, done) => {
    getMediaRoute(delivery)(scope);
    done();
  });
  url = await app.listen({ host: '127.0.0.1', port: 0 });
}

async function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const response = await fetch(`${url}/media/${path}`, { method, headers, redirect: 'manual' });
  return { status: response.status, headers: Object.fromEntries(response.headers), body: Buffer.from(await response.arrayBuffer()) };
}

/** A response of which nothing is read before the test does. */
function open(path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(`${url}/media/${path}`, { agent: false }, resolve).on('error', reject).end();
  });
}

describe('Images from files', () => {
  let folder: string;
  let files: ObjectStore;
  /** Bodies that the route has opened. */
  let bodies: Readable[];
  let bodyOf: ((key: string) => Readable) | null;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'galaxia-media-'));
    files = await openFileObjectStore({ folder });
    [bodies, bodyOf] = [[], null];
    await serve({
      ...files,
      async get(key, options) {
        const found = await files.get(key, options);
        if (found === null) return null;
        const body = bodyOf === null ? found.body : bodyOf(key);
        if (body !== found.body) found.body.destroy();
        bodies.push(body);
        return { ...found, body };
      },
    });
  });
  afterEach(async () => {
    await app.close();
    await rm(folder, { recursive: true });
  });

  it('come whole, with their length', async () => {
    const { status, headers, body } = await get(`${name}.webp`);
    expect([status, headers['content-type'], headers['content-length']]).toEqual([200, 'image/webp', String(full.length)]);
    expect(body.equals(full)).toBe(true);
  });

  it.each([
    ['bytes=0-0', 0, 1],
    ['bytes=100-200000', 100, 200_001],
    ['bytes=499999-', 499_999, 500_000],
    ['bytes=499999-600000', 499_999, 500_000],
    ['bytes=-1', 499_999, 500_000],
    ['bytes=-600000', 0, 500_000],
  ])('come in parts: %s', async (range, start, end) => {
    const { status, headers, body } = await get(`${name}.webp`, { range });
    expect(status).toBe(206);
    expect(headers).toMatchObject({
      'content-range': `bytes ${start}-${end - 1}/500000`,
      'content-length': String(end - start),
      'content-type': 'image/webp',
      'accept-ranges': 'bytes',
    });
    expect(body.equals(full.subarray(start, end))).toBe(true);
  });

  it('have no part behind their end, and no cache keeps that', async () => {
    for (const range of ['bytes=500000-', 'bytes=-0']) {
      const { status, headers } = await get(`${name}.webp`, { range });
      expect(status).toBe(416);
      expect(headers).toMatchObject({ 'content-range': 'bytes */500000', 'cache-control': 'no-store' });
      expect(headers).not.toHaveProperty('etag');
    }
    expect(bodies).toEqual([]);
  });

  it('come in parts only of what the client has begun with', async () => {
    const { etag = '' } = (await get(`${name}.webp`)).headers;
    const range = 'bytes=0-9';
    expect((await get(`${name}.webp`, { range, 'if-range': etag })).status).toBe(206);
    for (const other of ['"other"', `W/${etag}`]) expect((await get(`${name}.webp`, { range, 'if-range': other })).status).toBe(200);
    expect((await get(`${name}.webp`, { range, 'if-none-match': etag })).status).toBe(304);
  });

  it('cost nothing where no bytes are asked for', async () => {
    const head = await get(`${name}.webp`, { range: 'bytes=0-0' }, 'HEAD');
    expect(head).toMatchObject({ status: 200, headers: { 'content-length': '500000', 'accept-ranges': 'bytes' } });
    const { etag = '' } = head.headers;
    expect((await get(`${name}.webp`, { 'if-none-match': etag })).status).toBe(304);
    expect(bodies).toEqual([]);
  });

  it('have smaller ones, in WebP for those who do not ask for AVIF', async () => {
    published = withAvif;
    for (const headers of [{}, { accept: '*/*' }, { accept: 'image/webp' }] as Record<string, string>[]) {
      const answer = await get(`${name}/thumb`, headers);
      expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'image/webp', vary: 'Accept' } });
      expect(answer.headers['cache-control']).toBe(mediaCacheControl);
      expect(answer.body).toEqual(thumb);
    }
  });

  it('have smaller ones in AVIF for those who ask for it, under another tag', async () => {
    published = withAvif;
    const webp = await get(`${name}/thumb`);
    const answer = await get(`${name}/thumb`, acceptsAvif);
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'content-type': 'image/avif', 'cache-control': mediaCacheControl, vary: 'Accept' },
    });
    expect(answer.body).toEqual(avif);
    expect(answer.headers.etag).not.toBe(webp.headers.etag);
    expect((await get(`${name}/thumb`, { ...acceptsAvif, 'if-none-match': String(webp.headers.etag) })).status).toBe(200);
    const known = await get(`${name}/thumb`, { ...acceptsAvif, 'if-none-match': String(answer.headers.etag) });
    expect(known).toMatchObject({ status: 304, headers: { vary: 'Accept' } });
  });

  it('are made in AVIF when somebody asks for it', async () => {
    make = () => Promise.resolve(void (published = withAvif)).then(() => true);
    expect((await get(`${name}/thumb`, acceptsAvif)).body).toEqual(avif);
  });

  it.each<[string, () => Promise<boolean>]>([
    ['takes too long', () => new Promise(() => undefined)],
    ['is not possible', () => Promise.resolve(false)],
    ['comes too late for the picture', () => Promise.resolve(void (published = null)).then(() => true)],
  ])('come in WebP, and not for long, when making AVIF %s', async (_, work) => {
    make = work;
    const answer = await get(`${name}/thumb`, acceptsAvif);
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'image/webp', 'cache-control': 'public, max-age=60' } });
    expect(answer.body).toEqual(thumb);
  });

  it('come in WebP when the store has lost the AVIF', async () => {
    published = withAvif;
    await files.delete(variantKey(picture, 'thumb', 'image/avif'));
    const answer = await get(`${name}/thumb`, { ...acceptsAvif, range: 'bytes=0-9' });
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'image/webp', 'cache-control': 'public, max-age=60' } });
    expect(answer.body).toEqual(thumb);
  });

  it.each(['large', 'THUMB', 'thumb.webp', 'thumb/x', '..', '%2e%2e', 'constructor', '__proto__', ''])(
    'have no variant %j',
    async (variant) => {
      expect([400, 404]).toContain((await get(`${name}/${variant}`)).status);
      expect([400, 404]).toContain((await get(`${name}.webp/${variant}x`)).status);
    },
  );

  it('are gone 3 seconds after their row, and no cache keeps that', async () => {
    await get(`${name}.webp`);
    published = null;
    time = 3000;
    expect(await get(`${name}.webp`)).toMatchObject({ status: 404, headers: { 'cache-control': 'no-store' } });
    expect((await get(`${name}/thumb`)).status).toBe(404);
  });

  it('are gone at once with their bytes', async () => {
    await get(`${name}.webp`);
    await files.delete(pictureKey(picture));
    expect(await get(`${name}.webp`)).toMatchObject({ status: 404, headers: { 'cache-control': 'no-store' } });
  });

  it('are not served when they have another size than was stored', async () => {
    await files.put(pictureKey(picture), full.subarray(1), { contentType: 'image/webp', size: full.length - 1 });
    const answer = await get(`${name}.webp`);
    expect(answer.status).toBe(500);
    expect(answer.headers['cache-control']).toBeUndefined();
  });

  it('are read no faster than the client takes them, and no further when it goes away', async () => {
    let read = 0;
    bodyOf = () =>
      new Readable({
        read(size) {
          read += size;
          this.push(full.subarray(0, size));
        },
      });
    published = { ...picture, size: full.length };
    const response = await open(`${name}.webp`);
    await new Promise((resolve) => response.once('readable', resolve));
    const [body] = bodies;
    // It stands still once the buffers in between are full, far below what it could give.
    let before = -1;
    while (read !== before) {
      before = read;
      for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
    }
    expect(body?.destroyed).toBe(false);
    expect(read).toBeLessThan(32 * 1024 * 1024);
    response.destroy();
    await new Promise((resolve) => (body?.destroyed === true ? resolve(null) : body?.once('close', resolve)));
    expect(body?.destroyed).toBe(true);
  });

  it('are UNAVAILABLE, and no cache keeps that, when the store breaks before the first byte', async () => {
    bodyOf = () =>
      new Readable({
        read() {
          this.destroy(new Error('EIO: i/o error, read'));
        },
      });
    const answer = await get(`${name}.webp`);
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    expect(answer.headers['cache-control']).toBeUndefined();
    expect(answer.headers.etag).toBeUndefined();
    expect(answer.body.toString()).not.toContain('EIO');
  });
});

describe('Images from S3', () => {
  let s3: StrictS3;
  let store: ObjectStore;

  async function start(delivery: 'proxy' | 'redirect', silenceMs = 30_000) {
    s3 = await startStrictS3();
    store = await openS3ObjectStore({ ...s3, publicEndpoint: s3.endpoint, delivery, bucket: 'media', silenceMs });
    await serve(store);
  }
  afterEach(async () => {
    await app.close();
    await store.close();
    await s3.close();
  });

  it('pass through this server, whole and in parts', async () => {
    await start('proxy');
    expect((await get(`${name}.webp`)).body.equals(full)).toBe(true);
    const part = await get(`${name}.webp`, { range: 'bytes=1000-1999' });
    expect(part).toMatchObject({ status: 206, headers: { 'content-range': 'bytes 1000-1999/500000', 'content-length': '1000' } });
    expect(part.body.equals(full.subarray(1000, 2000))).toBe(true);
    expect(s3.refused).toEqual([]);
  });

  it('are UNAVAILABLE while the store is down, but not for those who have them', async () => {
    await start('proxy', 2000);
    const { etag = '' } = (await get(`${name}.webp`)).headers;
    for (const fault of [{ kind: 'HangsUp' }, { kind: 'Silent' }, { kind: 'Fails', status: 503 }] as const) {
      s3.fault = fault;
      const answer = await get(`${name}.webp`);
      expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '5', 'content-type': expect.stringContaining('json') } });
      expect(answer.headers['cache-control']).toBeUndefined();
      expect((await get(`${name}.webp`, { 'if-none-match': etag })).status).toBe(304);
      expect((await get(`${name}.webp`, {}, 'HEAD')).status).toBe(200);
    }
    s3.fault = { kind: 'None' };
    expect((await get(`${name}.webp`)).body.equals(full)).toBe(true);
  });

  it('break off where the store does, and never look whole', async () => {
    await start('proxy');
    s3.fault = { kind: 'CutsAnswers', after: 200_000 };
    const response = await open(`${name}.webp`);
    expect(response.headers['content-length']).toBe('500000');
    await expect(buffer(response)).rejects.toThrow();
  });

  it('are somewhere else when the store is open to clients', async () => {
    await start('redirect');
    const answer = await get(`${name}.webp`);
    expect(answer).toMatchObject({ status: 302, headers: { 'cache-control': 'public, max-age=60', 'access-control-allow-origin': '*' } });
    const location = String(answer.headers.location);
    expect(location.startsWith(`${s3.endpoint}/media/images/`)).toBe(true);
    const found = await fetch(location);
    expect([found.status, found.headers.get('content-type'), found.headers.get('cache-control')]).toEqual([
      200,
      'image/webp',
      mediaCacheControl,
    ]);
    expect(Buffer.from(await found.arrayBuffer()).equals(full)).toBe(true);
    // What nobody has signed stays closed.
    expect((await fetch(location.replace('.webp', '-thumb.webp'))).status).toBe(403);
    expect((await fetch(location, { method: 'DELETE' })).status).toBe(403);
  });

  it('are somewhere else in the type that the client takes', async () => {
    await start('redirect');
    published = withAvif;
    const answer = await get(`${name}/thumb`, acceptsAvif);
    expect(answer).toMatchObject({ status: 302, headers: { vary: 'Accept' } });
    expect(Buffer.from(await (await fetch(String(answer.headers.location))).arrayBuffer())).toEqual(avif);
    expect((await get(`${name}/thumb`, {}, 'HEAD')).headers['content-length']).toBe(String(thumb.length));
  });
});
