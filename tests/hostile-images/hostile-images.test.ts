import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import sharp from 'sharp';
import { startImages, startTimeoutMs, type ImagesUnderTest } from '../testkit/product/images-subgraph.js';
import { pictureTypes } from '../testkit/product/pictures.js';
import { bombs, longAnimations, truncated } from './bombs.js';
import { mark, script, type HostileFiles } from './hostile-file.js';
import { tellTales } from './metadata.js';
import { polyglots } from './polyglots.js';

interface Answer {
  readonly status: number;
  readonly id?: string;
  readonly url?: string;
  readonly width?: number;
  readonly height?: number;
  readonly variants?: readonly { readonly url: string }[];
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
}

const refusals = ['UNSUPPORTED_TYPE', 'TYPE_MISMATCH', 'TOO_LARGE', 'TOO_MANY_PIXELS', 'CORRUPT', 'UNAVAILABLE'];

describe('Whatever is sent', () => {
  let images: ImagesUnderTest;
  beforeAll(async () => {
    images = await startImages();
  }, startTimeoutMs);
  afterAll(() => images.close());

  async function send(bytes: Buffer, { type, name = 'cat.png' }: { type: string; name?: string }): Promise<Answer> {
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(bytes)], { type }), name);
    const response = await fetch(`${images.url}/images`, { method: 'POST', body: form, headers: { authorization: randomUUID() } });
    return { ...((await response.json()) as Omit<Answer, 'status'>), status: response.status };
  }

  /** Every file that is served for the image, after a look at how. */
  async function served({ url = '', variants = [] }: Answer): Promise<readonly Buffer[]> {
    const files: Buffer[] = [];
    for (const path of [url, ...variants.map((variant) => variant.url)]) {
      for (const accept of ['image/webp', 'image/avif']) {
        const response = await fetch(new URL(path, images.url), { headers: { accept } });
        expect([path, response.status]).toEqual([path, 200]);
        expect(response.headers.get('content-type')).toMatch(/^image\/(webp|avif)$/);
        expect(response.headers.get('x-content-type-options')).toBe('nosniff');
        expect(response.headers.get('content-security-policy')).toContain('sandbox');
        files.push(Buffer.from(await response.arrayBuffer()));
      }
    }
    return files;
  }

  async function expectHarmless(answer: Answer): Promise<void> {
    for (const bytes of await served(answer)) {
      const metadata = await sharp(bytes).metadata();
      expect(['webp', 'heif']).toContain(metadata.format);
      for (const trace of ['exif', 'icc', 'xmp', 'iptc', 'orientation', 'comments'] as const) {
        expect([trace, metadata[trace]]).toEqual([trace, undefined]);
      }
      expect(metadata.pages ?? 1).toBe(1);
      expect(Math.max(metadata.width, metadata.height)).toBeLessThanOrEqual(4096);
      for (const trace of [mark, '<script', '<?php', '%PDF', 'PK\x03\x04']) expect(bytes.includes(trace)).toBe(false);
      // All of it decodes.
      await sharp(bytes, { failOn: 'warning' }).raw().toBuffer();
    }
  }

  const corpus: readonly (readonly [string, HostileFiles])[] = [
    ['47: polyglots', polyglots],
    ['47: bombs', bombs],
    ['47: truncated files', truncated],
    ['48: pictures that tell tales', tellTales],
    ['48: long animations', longAnimations],
  ];
  describe.each(corpus)('SECURITY %s: is published without harm, or refused', (_, files) => {
    it.each(Object.entries(files))(
      '%s',
      async (_name, make) => {
        const { type, bytes, expected } = await make();
        const answer = await send(bytes, { type });
        const outcome = answer.status === 201 ? 'published' : (answer.errors?.[0]?.extensions.code ?? '');
        expect(['published', ...refusals]).toContain(outcome);
        if (expected === 'refused') expect(outcome).not.toBe('published');
        else if (expected !== null) expect(outcome).toBe(expected);
        if (outcome === 'published') await expectHarmless(answer);
      },
      60_000,
    );
  });

  it('SECURITY 47: an SVG is refused under every name and type', async () => {
    const svg = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">${script}<image href="file:///etc/passwd"/></svg>`);
    for (const extension of ['svg', 'svgz', 'png', 'jpg', 'webp', 'gif', 'avif', 'html', 'xml', 'png.svg', 'svg.png']) {
      for (const type of [...pictureTypes, 'image/svg+xml', 'application/octet-stream', 'text/html', '']) {
        const { status, errors } = await send(svg, { type, name: `cat.${extension}` });
        expect([extension, type, status, errors?.[0]?.extensions.code]).toEqual([extension, type, 415, 'UNSUPPORTED_TYPE']);
      }
    }
  }, 60_000);

  it.each([
    [1, 'RGBW'],
    [2, 'GRWB'],
    [3, 'WBGR'],
    [4, 'BWRG'],
    [5, 'RBGW'],
    [6, 'BRWG'],
    [7, 'WGBR'],
    [8, 'GWRB'],
  ])('SECURITY 48: orientation %i is applied', async (orientation, corners) => {
    const colors = { R: [255, 0, 0], G: [0, 255, 0], B: [0, 0, 255], W: [255, 255, 255] };
    const colorAt = (x: number, y: number) => colors[y < 20 ? (x < 40 ? 'R' : 'G') : x < 40 ? 'B' : 'W'];
    const quarters = Buffer.from(Array.from({ length: 80 * 40 }, (_, index) => colorAt(index % 80, Math.floor(index / 80))).flat());
    const jpeg = await sharp(quarters, { raw: { width: 80, height: 40, channels: 3 } })
      .withMetadata({ orientation })
      .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
      .toBuffer();
    const answer = await send(jpeg, { type: 'image/jpeg' });
    expect(answer).toMatchObject({ status: 201, width: orientation < 5 ? 80 : 40, height: orientation < 5 ? 40 : 80 });
    await expectHarmless(answer);
    const [bytes] = await served(answer);
    const { data, info } = await sharp(bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const nearest = (x: number, y: number) => {
      const [r = 0, g = 0] = data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3);
      return r > 128 && g > 128 ? 'W' : r > 128 ? 'R' : g > 128 ? 'G' : 'B';
    };
    const [left, right, top, bottom] = [
      info.width >> 2,
      info.width - (info.width >> 2),
      info.height >> 2,
      info.height - (info.height >> 2),
    ];
    expect([nearest(left, top), nearest(right, top), nearest(left, bottom), nearest(right, bottom)].join('')).toBe(corners);
  });
});
