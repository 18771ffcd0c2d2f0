import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { request, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { FastifyInstance } from 'fastify';
import sharp from 'sharp';
import { publicRoutes } from '../../gateway/subgraph-routes/public-routes.js';
import { createSubgraphProxy } from '../../gateway/subgraph-routes/subgraph-proxy.js';
import { createHttpServer } from '../../shared/http/server.js';
import { createLogger } from '../../shared/logging/logger.js';
import type { ObjectStore } from '../../shared/objects/object-store.js';
import { openS3ObjectStore } from '../../shared/objects/s3-object-store.js';
import { startImages, startTimeoutMs, type ImagesUnderTest } from '../testkit/product/images-subgraph.js';
import { startStrictS3, type StrictS3 } from '../testkit/services/strict-s3.js';

const ways = ['proxy', 'redirect'] as const;

describe.each(ways)('Images of another process, which sends clients to S3 by %s, at the public door', (delivery) => {
  let s3: StrictS3;
  let store: ObjectStore;
  let images: ImagesUnderTest;
  let door: FastifyInstance;
  let origin: string;
  let path: string;
  let full: Buffer;

  beforeAll(async () => {
    s3 = await startStrictS3();
    store = await openS3ObjectStore({ ...s3, publicEndpoint: s3.endpoint, delivery, bucket: 'images' });
    images = await startImages('files', undefined, { objects: store, clock: { now: Date.now() } });
    door = createHttpServer({ logger: createLogger({ name: 'test', level: 'silent' }) });
    const routes = publicRoutes.images ?? { title: '', routes: [] };
    await door.register(
      createSubgraphProxy({ name: 'images', origin: images.url, gatewaySecret: 'x', trustsProxy: () => false, ...routes }),
    );
    origin = await door.listen({ host: '127.0.0.1', port: 0 });

    const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const;
    const bytes = await sharp({ create: { width: 900, height: 900, channels: 3, noise, background: '#000' } })
      .jpeg()
      .toBuffer();
    path = String((await images.publish(randomUUID(), bytes, { contentType: 'image/jpeg' })).url);
    full = await load(path);
  }, startTimeoutMs);
  afterEach(() => {
    s3.fault = { kind: 'None' };
  });
  afterAll(async () => {
    await door.close();
    await images.close();
    await store.close();
    await s3.close();
  });

  function get(target: string, headers: Record<string, string> = {}, method = 'GET') {
    return fetch(new URL(target, origin), { method, headers });
  }

  async function load(target: string): Promise<Buffer> {
    return Buffer.from(await (await get(target)).arrayBuffer());
  }

  it('come whole, in parts, and smaller', async () => {
    expect(await sharp(full).metadata()).toMatchObject({ format: 'webp', width: 900, height: 900 });
    const part = await get(path, { range: 'bytes=10-19' });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 10-19/${full.length}`]);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(full.subarray(10, 20));
    const thumb = await load(`${path.replace('.webp', '')}/thumb`);
    expect(await sharp(thumb).metadata()).toMatchObject({ format: 'webp', width: 96, height: 96 });
    const head = await get(path, {}, 'HEAD');
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(full.length)]);
    const etag = String(head.headers.get('etag'));
    expect((await get(path, { 'if-none-match': etag })).status).toBe(304);
    expect(s3.refused).toEqual([]);
  });

  it('come from where the configuration says', async () => {
    const { url, headers } = await get(path);
    expect(new URL(url).origin).toBe(delivery === 'redirect' ? s3.endpoint : origin);
    expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  });

  if (delivery === 'proxy') {
    it('break off where the store does, and never look whole', async () => {
      s3.fault = { kind: 'CutsAnswers', after: Math.floor(full.length / 2) };
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        request(new URL(path, origin), { agent: false }, resolve).on('error', reject).end();
      });
      expect(response.headers['content-length']).toBe(String(full.length));
      await expect(buffer(response)).rejects.toThrow();
    });

    it('are UNAVAILABLE, and no cache keeps that, while the store is down', async () => {
      s3.fault = { kind: 'HangsUp' };
      const asked = s3.requests();
      const response = await get(path);
      // Once more, on a fresh connection, and not on the client's behalf.
      expect(s3.requests()).toBe(asked + 2);
      expect([response.status, response.headers.get('retry-after'), response.headers.get('cache-control')]).toEqual([503, '5', null]);
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAVAILABLE' } }] });
    });
  }
});
