import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import sharp from 'sharp';
import type { ObjectStore } from '../../shared/objects/object-store.js';
import { openS3ObjectStore } from '../../shared/objects/s3-object-store.js';
import { startImages, startTimeoutMs, type ImagesUnderTest } from '../../tests/testkit/product/images-subgraph.js';
import { startStrictS3, type S3Fault, type StrictS3 } from '../../tests/testkit/services/strict-s3.js';

const faults: S3Fault[] = [{ kind: 'HangsUp' }, { kind: 'Silent' }, { kind: 'Fails', status: 503 }, { kind: 'CutsUploads', after: 100 }];

describe('While the object store fails', () => {
  const alice = randomUUID();
  let s3: StrictS3;
  let store: ObjectStore;
  let images: ImagesUnderTest;

  beforeAll(async () => {
    s3 = await startStrictS3();
    store = await openS3ObjectStore({ ...s3, bucket: 'images', silenceMs: 4000 });
    images = await startImages('files', undefined, { objects: store, clock: { now: Date.now() } });
  }, startTimeoutMs);
  afterEach(() => {
    s3.fault = { kind: 'None' };
  });
  afterAll(async () => {
    await images.close();
    await store.close();
    await s3.close();
  });

  it.each(faults)(
    '($kind) an upload is refused as a whole, and taken when it is sent again',
    async (fault) => {
      const bytes = await picture();
      const upload = await images.open(alice, { contentType: 'image/png', size: bytes.length });
      s3.fault = fault;
      const refused = await images.send(upload, bytes);
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
      expect(await refused.text()).toContain('UNAVAILABLE');

      s3.fault = { kind: 'None' };
      expect(await images.complete(alice, upload.id)).toMatchObject({ code: 'UPLOAD_INCOMPLETE' });
      expect((await images.send(upload, bytes)).status).toBe(200);
      expect(await images.complete(alice, upload.id)).toMatchObject({ __typename: 'ImagePayload' });
    },
    30_000,
  );

  it.each([...faults, { kind: 'CutsAnswers', after: 100 } satisfies S3Fault])(
    '($kind) nothing is half-published, and no bytes are lost that were taken',
    async (fault) => {
      const bytes = await picture();
      const upload = await images.open(alice, { contentType: 'image/png', size: bytes.length });
      expect((await images.send(upload, bytes)).status).toBe(200);
      s3.fault = fault;
      expect(await images.complete(alice, upload.id)).toEqual({ codes: ['UNAVAILABLE'] });
      expect(await own(upload.id)).toBeNull();

      s3.fault = { kind: 'None' };
      const completed = await images.complete(alice, upload.id);
      expect(completed).toMatchObject({ __typename: 'ImagePayload', image: { id: upload.id } });
      expect(await own(upload.id)).toMatchObject({ id: upload.id });
      const { url, size } = completed.image as { url: string; size: number };
      const served = Buffer.from(await (await fetch(new URL(url, images.url))).arrayBuffer());
      expect(served.length).toBe(size);
      expect(await sharp(served).stats()).toBeDefined();
    },
    30_000,
  );

  it('an image is deleted all the same, and its bytes when the store is back', async () => {
    const { id, url } = await images.publish(alice, await picture());
    s3.fault = { kind: 'HangsUp' };
    const { data } = await images.ask(alice, `mutation { deleteImage(input: { id: "${String(id)}" }) { __typename } }`);
    expect(data.deleteImage).toEqual({ __typename: 'DeleteImagePayload' });
    expect(await own(String(id))).toBeNull();
    s3.fault = { kind: 'None' };
    expect((await fetch(new URL(String(url), images.url))).status).toBe(404);
  });

  async function own(id: string): Promise<unknown> {
    return (await images.ask(alice, `{ image(id: "${id}") { id } }`)).data.image;
  }

  /** Each time another, so that none is known already. */
  function picture(): Promise<Buffer> {
    return sharp({
      create: {
        width: 300,
        height: 300,
        channels: 3,
        noise: { type: 'gaussian', mean: 100 + Math.random() * 50, sigma: 30 },
        background: '#000',
      },
    })
      .png()
      .toBuffer();
  }
});
