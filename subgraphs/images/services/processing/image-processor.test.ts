import { describe, expect, it } from '@jest/globals';
import { crc32 } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { uploadTypes, type UploadType } from '../image.js';
import { createImageProcessor } from './image-processor.js';
import { maxPixels } from './picture-processing.js';

const processor = createImageProcessor();
const process = (bytes: Buffer, declaredType: string, purpose: 'AVATAR' | 'GALLERY' = 'GALLERY') =>
  processor.process(bytes, { declaredType, purpose });
const rejected = (code: string) => ({ kind: 'Rejected', code });

describe('The image processor refuses', () => {
  it.each(uploadTypes)('an SVG that is declared as %s', async (type) => {
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
    const tiff = await picture().tiff().toBuffer();
    expect(await process(tiff, 'image/png')).toEqual(rejected('UNSUPPORTED_TYPE'));
  });

  it('every type under the name of every other', async () => {
    for (const actual of uploadTypes) {
      const bytes = await encoded(actual);
      for (const declared of uploadTypes) {
        const result = await process(bytes, declared);
        if (declared === actual) expect(result).toMatchObject({ kind: 'Encoded', width: 40, height: 20 });
        else expect(result).toEqual(rejected('TYPE_MISMATCH'));
      }
    }
  });

  it.each(uploadTypes)('%s that ends in the middle', async (type) => {
    const bytes = await encoded(type, noise(200, 200));
    expect(await process(bytes, type)).toMatchObject({ kind: 'Encoded' });
    for (const part of [0.3, 0.6, 0.9]) {
      expect(await process(bytes.subarray(0, Math.floor(bytes.length * part)), type)).toEqual(rejected('CORRUPT'));
    }
  });

  it.each(uploadTypes)('%s with nothing but its magic bytes', async (type) => {
    const bytes = await encoded(type);
    const result = await process(Buffer.concat([bytes.subarray(0, 40), Buffer.alloc(1000, 0x5a)]), type);
    expect(result.kind).toBe('Rejected');
  });

  it('a small file that declares a huge picture, before decoding it', async () => {
    const started = performance.now();
    for (const [width, height] of [
      [100_000, 100_000],
      [0x7fffffff, 1],
      [maxPixels + 1, 1],
    ] as const) {
      const result = await process(pngBomb(width, height), 'image/png');
      expect([rejected('TOO_MANY_PIXELS'), rejected('CORRUPT')]).toContainEqual(result);
    }
    expect(await process(pngBomb(30_000, 30_000), 'image/png')).toEqual(rejected('TOO_MANY_PIXELS'));
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('one pixel row too many', async () => {
    const blank = (height: number) =>
      sharp({ create: { width: 10_000, height, channels: 3, background: '#000' } })
        .png({ compressionLevel: 1 })
        .toBuffer();
    expect(await process(await blank(maxPixels / 10_000 + 1), 'image/png')).toEqual(rejected('TOO_MANY_PIXELS'));
    expect(await process(await blank(maxPixels / 10_000), 'image/png', 'AVATAR')).toMatchObject({
      kind: 'Encoded',
      width: 1024,
      height: 512,
    });
  });
});

describe('The image processor publishes', () => {
  it('nothing of the HTML behind or inside a GIF', async () => {
    const script = '<script>alert(document.domain)</script>';
    const gif = await encoded('image/gif');
    const comment = Buffer.concat([Buffer.from([0x21, 0xfe, script.length]), Buffer.from(script), Buffer.from([0])]);
    const polyglots = [
      Buffer.concat([gif, Buffer.from(script)]),
      // A comment extension before the trailer: still a valid GIF.
      Buffer.concat([gif.subarray(0, -1), comment, gif.subarray(-1)]),
    ];
    for (const bytes of polyglots) {
      const result = await process(bytes, 'image/gif');
      expect(result).toMatchObject({ kind: 'Encoded', contentType: 'image/webp' });
      expect(result.kind === 'Encoded' && result.bytes.includes('script')).toBe(false);
    }
    // Text that merely begins like a GIF.
    expect(await process(Buffer.from(`GIF89a/*${script}*/=1;`), 'image/gif')).toEqual(rejected('CORRUPT'));
  });

  it('no metadata, with the orientation applied', async () => {
    const jpeg = await picture()
      .withExif({
        IFD0: { Copyright: 'SECRET-OWNER', Make: 'SECRET-CAMERA' },
        IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 3230/100', GPSLongitudeRef: 'W', GPSLongitude: '0/1 7/1 4366/100' },
      })
      .withIccProfile('p3')
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const before = await sharp(jpeg).metadata();
    expect(before.orientation).toBe(6);
    expect(before.exif?.includes('SECRET-OWNER')).toBe(true);

    const result = await process(jpeg, 'image/jpeg');
    // 40 × 20, turned by a quarter.
    expect(result).toMatchObject({ kind: 'Encoded', width: 20, height: 40 });
    const bytes = result.kind === 'Encoded' ? result.bytes : Buffer.alloc(0);
    const after = await sharp(bytes).metadata();
    expect(after).toMatchObject({ format: 'webp', width: 20, height: 40 });
    expect([after.exif, after.icc, after.xmp, after.iptc, after.orientation]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(bytes.includes('SECRET')).toBe(false);
    // The left half was red; turned clockwise it is the upper half.
    const { data, info } = await sharp(bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const pixel = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
    expect(pixel(10, 5)[0]).toBeGreaterThan(200);
    expect(pixel(10, 35)[2]).toBeGreaterThan(200);
  });

  it('transparency', async () => {
    const png = await sharp({ create: { width: 10, height: 10, channels: 4, background: { r: 0, g: 255, b: 0, alpha: 0.5 } } })
      .png()
      .toBuffer();
    const result = await process(png, 'image/png');
    expect(await sharp(result.kind === 'Encoded' ? result.bytes : Buffer.alloc(0)).metadata()).toMatchObject({ hasAlpha: true });
  });

  it.each(['image/gif', 'image/webp'] as const)('the first frame of an animated %s', async (type) => {
    const frames = Buffer.concat([Buffer.alloc(20 * 20 * 3, 10), Buffer.alloc(20 * 20 * 3, 240)]);
    const animation = sharp(frames, { raw: { width: 20, height: 40, channels: 3, pageHeight: 20 } });
    const bytes = await (type === 'image/gif' ? animation.gif() : animation.webp()).toBuffer();
    expect((await sharp(bytes).metadata()).pages).toBe(2);
    const result = await process(bytes, type);
    expect(result).toMatchObject({ kind: 'Encoded', width: 20, height: 20 });
    expect((await sharp(result.kind === 'Encoded' ? result.bytes : Buffer.alloc(0)).metadata()).pages).toBeUndefined();
  });

  it.each([
    ['AVATAR', 1024],
    ['GALLERY', 4096],
  ] as const)('%s images of at most %d pixels a side, and smaller ones as they are', async (purpose, side) => {
    const wide = (width: number) =>
      sharp({ create: { width, height: 100, channels: 3, background: '#123' } })
        .png()
        .toBuffer();
    expect(await process(await wide(side), 'image/png', purpose)).toMatchObject({ width: side, height: 100 });
    expect(await process(await wide(side * 2), 'image/png', purpose)).toMatchObject({ width: side, height: 50 });
  });
});

/** Left half red, right half blue. */
function picture(): Sharp {
  const pixels = Buffer.alloc(40 * 20 * 3);
  for (let index = 0; index < 40 * 20; index += 1) pixels[index * 3 + (index % 40 < 20 ? 0 : 2)] = 255;
  return sharp(pixels, { raw: { width: 40, height: 20, channels: 3 } });
}

function noise(width: number, height: number): Sharp {
  // A fixed pattern that does not compress to nothing.
  const pixels = Buffer.from(Array.from({ length: width * height * 3 }, (_, index) => (index * index * 31 + index * 7) % 251));
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

function encoded(type: UploadType, image: Sharp = picture()): Promise<Buffer> {
  switch (type) {
    case 'image/png':
      return image.png().toBuffer();
    case 'image/jpeg':
      return image.jpeg().toBuffer();
    case 'image/webp':
      return image.webp().toBuffer();
    case 'image/gif':
      return image.gif().toBuffer();
    case 'image/avif':
      return image.avif({ effort: 0 }).toBuffer();
  }
}

/** A PNG of some hundred bytes that says it is `width` × `height`. */
function pngBomb(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', Buffer.from('789c63000100000500010d0a2db4', 'hex')),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}
