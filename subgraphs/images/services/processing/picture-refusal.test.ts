import { afterAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '../../../../shared/logging/logger.js';
import { encodeAs, pattern, pictureTypes, plain, pngBomb, redAndBlue } from '../../../../tests/testkit/product/pictures.js';
import { processPicture } from '../../../../tests/testkit/product/process-picture.js';
import { maxPixels } from './picture-processing.js';
import { createPictureProcessor } from './picture-processor.js';

const processor = createPictureProcessor({ logger: createLogger({ name: 'test', level: 'silent' }) });
afterAll(() => processor.close());

const process = (bytes: Buffer, declaredType: string, purpose: 'AVATAR' | 'GALLERY' = 'GALLERY') =>
  processPicture(processor, bytes, { declaredType, purpose });
const rejected = (code: string) => ({ kind: 'Rejected', code });

describe('SECURITY 47: the picture processor refuses', () => {
  it.each(pictureTypes)('an SVG that is declared as %s', async (type) => {
    for (const svg of [
      '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
      '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg"><text>&x;</text></svg>',
      '\n\n<!-- comment --><svg></svg>',
    ]) {
      expect(await process(Buffer.from(svg), type)).toEqual(rejected('UNSUPPORTED_TYPE'));
    }
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['one byte', Buffer.from([0x89])],
    ['text', Buffer.from('hello')],
    ['HTML', Buffer.from('<html><script>alert(1)</script></html>')],
    ['PDF', Buffer.from('%PDF-1.7\n%âãÏÓ\n')],
    ['BMP', Buffer.from(`424d${'00'.repeat(60)}`, 'hex')],
    ['zeros', Buffer.alloc(100_000)],
  ])('%s', async (_, bytes) => {
    expect(await process(bytes, 'image/png')).toEqual(rejected('UNSUPPORTED_TYPE'));
  });

  it('a format that sharp could read but nobody needs', async () => {
    const tiff = await redAndBlue().tiff().toBuffer();
    expect(await process(tiff, 'image/png')).toEqual(rejected('UNSUPPORTED_TYPE'));
  });

  it('every type under the name of every other', async () => {
    for (const actual of pictureTypes) {
      const bytes = await encodeAs(actual, redAndBlue());
      for (const declared of pictureTypes) {
        const result = await process(bytes, declared);
        if (declared === actual) expect(result).toMatchObject({ kind: 'Encoded', full: { width: 40, height: 20 } });
        else expect(result).toEqual(rejected('TYPE_MISMATCH'));
      }
    }
  });

  it.each(pictureTypes)('%s that ends in the middle', async (type) => {
    const bytes = await encodeAs(type, pattern(200, 200));
    expect(await process(bytes, type)).toMatchObject({ kind: 'Encoded' });
    for (const part of [0.3, 0.6, 0.9]) {
      expect(await process(bytes.subarray(0, Math.floor(bytes.length * part)), type)).toEqual(rejected('CORRUPT'));
    }
  });

  it.each(pictureTypes)('%s with nothing but its magic bytes', async (type) => {
    const bytes = await encodeAs(type, redAndBlue());
    const result = await process(Buffer.concat([bytes.subarray(0, 40), Buffer.alloc(1000, 0x5a)]), type);
    expect(result.kind).toBe('Rejected');
  });

  it('a small file that declares a huge picture', async () => {
    for (const [width, height] of [
      [100_000, 100_000],
      [0x7fffffff, 1],
      [maxPixels + 1, 1],
    ] as const) {
      const result = await process(pngBomb(width, height), 'image/png');
      expect([rejected('TOO_MANY_PIXELS'), rejected('CORRUPT')]).toContainEqual(result);
    }
    expect(await process(pngBomb(30_000, 30_000), 'image/png')).toEqual(rejected('TOO_MANY_PIXELS'));
  });

  it('one pixel row too many', async () => {
    const blank = (height: number) => encodeAs('image/png', plain(10_000, height));
    expect(await process(await blank(maxPixels / 10_000 + 1), 'image/png')).toEqual(rejected('TOO_MANY_PIXELS'));
    expect(await process(await blank(maxPixels / 10_000), 'image/png', 'AVATAR')).toMatchObject({
      kind: 'Encoded',
      full: { width: 1024, height: 512 },
    });
  });

  it('text that merely begins like a GIF', async () => {
    expect(await process(Buffer.from('GIF89a/*<script>alert(1)</script>*/=1;'), 'image/gif')).toEqual(rejected('CORRUPT'));
  });
});
