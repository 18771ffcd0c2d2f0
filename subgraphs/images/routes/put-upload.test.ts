import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import sharp from 'sharp';
import { startImages, startTimeoutMs, type ImagesUnderTest } from '../../../tests/testkit/product/images-subgraph.js';
import type { OpenedUpload } from '../../../tests/testkit/product/publish-image.js';

describe('PUT /uploads/<id>', () => {
  const alice = randomUUID();
  let images: ImagesUnderTest;
  let bytes: Buffer;
  let upload: OpenedUpload;

  beforeAll(async () => {
    images = await startImages();
    bytes = await sharp({ create: { width: 9, height: 9, channels: 3, background: '#0a0' } })
      .png()
      .toBuffer();
  }, startTimeoutMs);
  afterAll(() => images.close());
  beforeEach(async () => {
    // Earlier tests leave uploads open; let them expire.
    images.clock.now += 16 * 60_000;
    upload = await images.open(alice, { contentType: 'image/png', size: bytes.length });
  });

  async function put(change: { path?: string; type?: string; body?: Buffer | ReadableStream }) {
    const response = await fetch(new URL(change.path ?? upload.url, images.url), {
      method: 'PUT',
      headers: { 'content-type': change.type ?? 'image/png' },
      body: change.body instanceof ReadableStream ? change.body : new Uint8Array(change.body ?? bytes),
      ...(change.body instanceof ReadableStream ? { duplex: 'half' } : {}),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text === '' ? null : (JSON.parse(text) as { errors: { message: string; extensions: object }[] }),
    };
  }

  async function expectNothingStored(): Promise<void> {
    expect(await images.complete(alice, upload.id)).toMatchObject({ code: 'UPLOAD_INCOMPLETE' });
  }

  it('refuses a URL of which anything was changed', async () => {
    const url = new URL(upload.url, images.url);
    const other = await images.open(alice, { contentType: 'image/png', size: bytes.length });
    const changed = (change: (copy: URL) => void) => {
      const copy = new URL(url);
      change(copy);
      return copy.pathname + copy.search;
    };
    for (const path of [
      changed((copy) => (copy.pathname = `/uploads/${other.id}`)),
      changed((copy) => copy.searchParams.set('expires', String(Number(url.searchParams.get('expires')) + 60_000))),
      changed((copy) => copy.searchParams.set('signature', 'A'.repeat(43))),
      changed((copy) => copy.searchParams.delete('signature')),
      changed((copy) => copy.searchParams.delete('expires')),
      changed((copy) => copy.searchParams.append('signature', 'x')),
    ]) {
      const { status, body } = await put({ path });
      expect([path, status]).toEqual([path, 403]);
      expect(body?.errors[0]).toMatchObject({ message: expect.any(String), extensions: { code: 'FORBIDDEN' } });
    }
    await expectNothingStored();
    expect(await images.complete(alice, other.id)).toMatchObject({ code: 'UPLOAD_INCOMPLETE' });
  });

  it.each(['/uploads/x', `/uploads/${randomUUID()}`, '/uploads/..%2f..%2fetc%2fpasswd', '/uploads/%00', '/uploads/', '/uploads/a/b'])(
    'knows nothing of %s',
    async (path) => {
      expect((await put({ path: `${path}?expires=1&signature=x` })).status).toBe(404);
    },
  );

  it('refuses another type', async () => {
    for (const type of ['image/gif', 'text/html', 'image/svg+xml', 'application/json']) {
      expect(await put({ type })).toMatchObject({ status: 415, body: { errors: [{ extensions: { code: 'UNSUPPORTED_MEDIA_TYPE' } }] } });
    }
    await expectNothingStored();
  });

  it('refuses another size, said or not', async () => {
    expect((await put({ body: bytes.subarray(1) })).status).toBe(400);
    expect((await put({ body: Buffer.alloc(0) })).status).toBe(400);
    expect((await put({ body: Buffer.concat([bytes, Buffer.alloc(1)]) })).status).toBe(413);
    expect((await put({ body: Buffer.alloc(3_000_000) })).status).toBe(413);
    // Without Content-Length.
    expect((await put({ body: new Blob([new Uint8Array(bytes)]).stream() as ReadableStream })).status).toBe(400);
    await expectNothingStored();
  });

  it('stores nothing of a body whose sender goes away', async () => {
    const socket = connect(Number(new URL(images.url).port), '127.0.0.1');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(`PUT ${upload.url} HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: ${bytes.length}\r\n\r\n`);
    socket.write(bytes.subarray(0, 20), () => socket.destroy());
    await closed;
    await expectNothingStored();
    expect((await put({})).status).toBe(200);
    expect(await images.complete(alice, upload.id)).toMatchObject({ __typename: 'ImagePayload' });
  });

  it('takes the same bytes again, and other bytes of the same size, until the upload is complete', async () => {
    expect((await put({ body: randomBytes(bytes.length) })).status).toBe(200);
    expect((await put({})).status).toBe(200);
    expect((await put({})).status).toBe(200);
    expect(await images.complete(alice, upload.id)).toMatchObject({ __typename: 'ImagePayload' });
    expect(await put({})).toMatchObject({ status: 409, body: { errors: [{ extensions: { code: 'CONFLICT' } }] } });
  });

  it('refuses bytes after a rejection', async () => {
    await put({ body: randomBytes(bytes.length) });
    expect(await images.complete(alice, upload.id)).toMatchObject({ code: 'UNSUPPORTED_TYPE' });
    expect((await put({})).status).toBe(409);
  });

  it('ends with the upload', async () => {
    images.clock.now += 15 * 60_000 - 1;
    expect((await put({})).status).toBe(200);
    images.clock.now += 1;
    expect((await put({})).status).toBe(403);
  });

  it('takes the largest file that is allowed', async () => {
    const large = Buffer.alloc(25 * 1024 * 1024, 1);
    upload = await images.open(alice, { contentType: 'image/png', size: large.length });
    expect((await put({ body: large })).status).toBe(200);
    expect(await images.complete(alice, upload.id)).toMatchObject({ code: 'UNSUPPORTED_TYPE' });
  });
});
