import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import sharp from 'sharp';
import { startImages, startTimeoutMs, type ImagesUnderTest } from '../../../tests/testkit/product/images-subgraph.js';

describe('GET /media/<name>', () => {
  const alice = randomUUID();
  let images: ImagesUnderTest;
  let bytes: Buffer;
  let path: string;

  beforeAll(async () => {
    images = await startImages();
    bytes = await sharp({ create: { width: 9, height: 9, channels: 3, background: '#0a0' } })
      .png()
      .toBuffer();
    path = String((await images.publish(alice, bytes)).url);
  }, startTimeoutMs);
  afterAll(() => images.close());

  /** Sends the path as it is; `fetch` would tidy it first. */
  function raw(target: string, method = 'GET', headers: Record<string, string> = {}) {
    return new Promise<{ status: number; headers: Record<string, unknown>; length: number }>((resolve, reject) => {
      request(images.url, { path: target, method, headers }, (response) => {
        let length = 0;
        response.on('data', (chunk: Buffer) => (length += chunk.length));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, length }));
      })
        .on('error', reject)
        .end();
    });
  }

  it('does not know raw uploads, whatever they are called', async () => {
    const upload = await images.open(alice, { contentType: 'image/png', size: bytes.length });
    await images.send(upload, bytes);
    // The published name of an upload is derived from its raw one, so the latter is visible afterwards.
    const image = (await images.complete(alice, upload.id)).image as { url: string };
    const name = image.url.slice('/media/'.length, -'.webp'.length);
    await images.objects.put(`uploads/${name}`, bytes, { contentType: 'text/html', size: bytes.length });
    for (const target of [name, `uploads/${name}`, `../uploads/${name}`, `..%2fuploads%2f${name}`, `%2e%2e/uploads/${name}`, upload.id]) {
      expect([target, (await raw(`/media/${target}`)).status]).toEqual([target, 404]);
    }
  });

  it.each([
    '/media',
    '/media/',
    '/media/..',
    '/media/../../etc/passwd',
    '/media/..%2f..%2f..%2fetc%2fpasswd',
    '/media/%2e%2e%2f%2e%2e%2fetc%2fpasswd',
    '/media/..%5c..%5cwindows%5cwin.ini',
    '/media/%00',
    `/media/${'0'.repeat(32)}.webp%00.html`,
    `/media/${'0'.repeat(32)}.webp/`,
    `/media/${'0'.repeat(32)}.webp/x`,
    `/media/${'0'.repeat(32)}.html`,
    `/media/${'0'.repeat(31)}.webp`,
    `/media/${'A'.repeat(32)}.webp`,
    `/media/${'0'.repeat(32)}.webp`,
    '/media/.unfinished',
    `/media/${'x'.repeat(900)}`,
    '/media/%',
  ])('does not find %s', async (target) => {
    for (const method of ['GET', 'HEAD']) {
      const { status } = await raw(target, method);
      expect([400, 404]).toContain(status);
    }
  });

  it('answers with headers that let nothing be run and everything be cached', async () => {
    const { status, headers, length } = await raw(path);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'image/webp',
      'content-length': String(length),
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'",
      'content-disposition': 'inline',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
    });
    const head = await raw(path, 'HEAD');
    expect(head).toMatchObject({ status: 200, length: 0, headers: { 'content-length': String(length), etag: headers.etag } });
  });

  it('does not send again what the client has', async () => {
    const etag = String((await raw(path)).headers.etag);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      for (const method of ['GET', 'HEAD']) {
        expect(await raw(path, method, { 'if-none-match': known })).toMatchObject({ status: 304, length: 0, headers: { etag } });
      }
    }
    expect((await raw(path, 'GET', { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('has smaller ones, in WebP and, for those who ask for it, in AVIF, which is made once', async () => {
    const noise = await sharp({
      create: { width: 400, height: 200, channels: 3, noise: { type: 'gaussian', mean: 128, sigma: 40 }, background: '#000' },
    })
      .jpeg()
      .toBuffer();
    const { id } = await images.publish(alice, noise, { contentType: 'image/jpeg' });
    const { data } = await images.ask(alice, `{ image(id: "${String(id)}") { url variants { name url width height } } }`);
    const { variants } = data.image as { variants: { name: string; url: string; width: number; height: number }[] };
    expect(variants.map(({ name }) => name)).toEqual(['thumb', 'small']);
    const load = async (target: string, accept: string) => {
      const response = await fetch(new URL(target, images.url), { headers: { accept } });
      expect([response.status, response.headers.get('vary')]).toEqual([200, 'Accept']);
      return { response, picture: Buffer.from(await response.arrayBuffer()) };
    };
    for (const { url, width, height } of variants) {
      const webp = await load(url, '*/*');
      expect(webp.response.headers.get('content-type')).toBe('image/webp');
      expect(await sharp(webp.picture).metadata()).toMatchObject({ format: 'webp', width, height });

      const accept = 'image/avif,image/webp,*/*;q=0.8';
      let avif = await load(url, accept);
      // On a busy machine it takes longer than anybody waits.
      while (avif.response.headers.get('cache-control') === 'public, max-age=60') avif = await load(url, accept);
      expect(avif.response.headers.get('content-type')).toBe('image/avif');
      expect(await sharp(avif.picture).metadata()).toMatchObject({ format: 'heif', width, height });
      expect((await load(url, accept)).picture).toEqual(avif.picture);
    }
  }, 60_000);

  it('is gone within 3 seconds when its owner deletes it, with all its variants', async () => {
    const { id, url } = await images.publish(alice, bytes);
    expect((await raw(String(url))).status).toBe(200);
    await images.ask(alice, `mutation { deleteImage(input: { id: "${String(id)}" }) { __typename } }`);
    images.clock.now += 3000;
    expect((await raw(String(url))).status).toBe(404);
  });

  it('takes no other method', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) expect((await raw(path, method)).status).toBe(404);
  });
});
