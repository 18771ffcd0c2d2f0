import { createDeflate, deflateSync } from 'node:zlib';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { encodeAs, pattern, pictureTypes, plain, pngChunk, redAndBlue } from '../testkit/product/pictures.js';
import { avifGrid, findBox } from './avif-grid.js';
import {
  gifFile,
  numbers,
  pngFile,
  pngHeader,
  riffChunk,
  webpCanvas,
  webpChunks,
  webpFile,
  withJpegSegments,
  withPngChunks,
} from './file-formats.js';
import type { HostileFiles } from './hostile-file.js';

const megabyte = 1024 * 1024;

/** Zeros as they stand in a PNG, without ever having them all in memory. */
function deflatedZeros(length: number): Promise<Buffer> {
  function* zeros() {
    for (let left = length; left > 0; left -= megabyte) yield Buffer.alloc(Math.min(left, megabyte));
  }
  return buffer(Readable.from(zeros()).pipe(createDeflate({ level: 1 })));
}

const compressedText = async (type: 'zTXt' | 'iCCP') => {
  const bomb = pngChunk(type, Buffer.concat([Buffer.from('name\0\0'), await deflatedZeros(200 * megabyte)]));
  return { type: 'image/png', bytes: withPngChunks(await encodeAs('image/png', redAndBlue()), bomb), expected: null };
};

/** Small files that are large inside. */
export const bombs: HostileFiles = {
  'a PNG of 50,000 × 50,000 zeros': async () => ({
    type: 'image/png',
    bytes: pngFile(pngHeader({ width: 50_000, height: 50_000, depth: 1, color: 0 }), pngChunk('IDAT', await deflatedZeros(50_000 * 6251))),
    expected: 'TOO_MANY_PIXELS',
  }),
  'a PNG of as many pixels as may be, each as large as can be': async () => ({
    type: 'image/png',
    bytes: pngFile(
      pngHeader({ width: 7000, height: 7000, depth: 16, color: 6 }),
      pngChunk('IDAT', await deflatedZeros(7000 * (7000 * 8 + 1))),
    ),
    expected: null,
  }),
  'a PNG whose 10 × 10 pixels are 200 MB': async () => ({
    type: 'image/png',
    bytes: pngFile(pngHeader({ width: 10, height: 10, depth: 8, color: 2 }), pngChunk('IDAT', await deflatedZeros(200 * megabyte))),
    expected: null,
  }),
  'a PNG with 200 MB of compressed text': () => compressedText('zTXt'),
  'a PNG with a colour profile of 200 MB': () => compressedText('iCCP'),
  'a PNG of 20,000 empty texts': async () => ({
    type: 'image/png',
    bytes: withPngChunks(await encodeAs('image/png', redAndBlue()), ...Array<Buffer>(20_000).fill(pngChunk('tEXt', Buffer.from('a\0')))),
    expected: null,
  }),
  'a PNG without a pixel': () => ({
    type: 'image/png',
    bytes: pngFile(pngHeader({ width: 0, height: 0, depth: 8, color: 2 }), pngChunk('IDAT', deflateSync(Buffer.alloc(0)))),
    expected: 'refused',
  }),
  'a WebP of which the canvas is huge': async () => ({
    type: 'image/webp',
    bytes: webpFile(webpCanvas({ width: 16_383, height: 16_383, flags: 0x02 }), riffChunk('ANIM', Buffer.alloc(6)), await webpFrame()),
    expected: 'TOO_MANY_PIXELS',
  }),
  'a WebP of which the canvas is larger than WebP allows': async () => ({
    type: 'image/webp',
    bytes: webpFile(webpCanvas({ width: 0xffffff, height: 0xffffff, flags: 0x02 }), riffChunk('ANIM', Buffer.alloc(6)), await webpFrame()),
    expected: 'refused',
  }),
  // The decoder takes the size of the frame for that of the screen.
  'a GIF of which the screen is huge': () => ({
    type: 'image/gif',
    bytes: gifFile({ width: 65_535, height: 65_535, frames: 1 }),
    expected: null,
  }),
  'a GIF of which the frame is huge': () => ({
    type: 'image/gif',
    bytes: gifFile({ width: 65_535, height: 65_535, frames: 1, frameSide: 65_535 }),
    expected: 'TOO_MANY_PIXELS',
  }),
  'a JPEG that says it is 65,500 × 65,500': async () => {
    const bytes = await encodeAs('image/jpeg', redAndBlue());
    bytes.writeUInt32BE(65_500 * 65_536 + 65_500, bytes.indexOf(Buffer.from('ffc0', 'hex')) + 5);
    return { type: 'image/jpeg', bytes, expected: 'TOO_MANY_PIXELS' };
  },
  'an AVIF that says it is 60,000 × 60,000': async () => {
    const bytes = await encodeAs('image/avif', redAndBlue());
    numbers([60_000, 4], [60_000, 4]).copy(findBox(bytes, 'ispe'), 12);
    return { type: 'image/avif', bytes, expected: 'refused' };
  },
  'an AVIF of 40,000 tiles': async () => ({ type: 'image/avif', bytes: await avifGrid({ columns: 200, rows: 200 }), expected: 'refused' }),
  'an AVIF of 10,000 tiles': async () => ({ type: 'image/avif', bytes: await avifGrid({ columns: 100, rows: 100 }), expected: null }),
  'an AVIF of 4 tiles, which is none': async () => ({
    type: 'image/avif',
    bytes: await avifGrid({ columns: 2, rows: 2 }),
    expected: 'published',
  }),
  'a JPEG of 1000 comments': async () => ({
    type: 'image/jpeg',
    bytes: withJpegSegments(
      await encodeAs('image/jpeg', redAndBlue()),
      ...Array.from({ length: 300 }, () => ({ marker: 0xfe, data: Buffer.alloc(65_533, 'x') })),
    ),
    expected: null,
  }),
};

/** A frame of an animation, of one pixel. */
async function webpFrame(): Promise<Buffer> {
  const pixel = webpChunks(await plain(1, 1).webp({ lossless: true }).toBuffer());
  return riffChunk('ANMF', Buffer.concat([Buffer.alloc(15), Buffer.from([0]), pixel]));
}

const frameCount = 10_000;

/** Of each the first frame is shown, and what the others cost is bounded. */
export const longAnimations: HostileFiles = {
  'a GIF of 10,000 frames': () => ({
    type: 'image/gif',
    bytes: gifFile({ width: 100, height: 100, frames: frameCount }),
    expected: 'published',
  }),
  'a WebP of 10,000 frames': async () => ({
    type: 'image/webp',
    bytes: webpFile(
      webpCanvas({ width: 100, height: 100, flags: 0x02 }),
      riffChunk('ANIM', Buffer.alloc(6)),
      ...Array<Buffer>(frameCount).fill(await webpFrame()),
    ),
    expected: 'published',
  }),
  'a PNG of 10,000 frames': () => {
    const control = (sequence: number) => pngChunk('fcTL', numbers([sequence, 4], [1, 4], [1, 4], [0, 4], [0, 4], [1, 2], [10, 2], [0, 2]));
    const data = deflateSync(Buffer.from([0, 255, 0, 0]));
    const more = Array.from({ length: frameCount - 1 }, (_, index) => [
      control(index * 2 + 1),
      pngChunk('fdAT', Buffer.concat([numbers([index * 2 + 2, 4]), data])),
    ]);
    const animation = pngChunk('acTL', numbers([frameCount, 4], [0, 4]));
    return {
      type: 'image/png',
      bytes: pngFile(pngHeader({ width: 1, height: 1, depth: 8, color: 2 }), animation, control(0), pngChunk('IDAT', data), ...more.flat()),
      expected: 'published',
    };
  },
};

/** Pictures that break off. */
export const truncated: HostileFiles = Object.fromEntries(
  pictureTypes.flatMap((type) =>
    [0.01, 0.5, 0.9].map((part) => [
      `the first ${part * 100} % of ${type}`,
      async () => {
        const bytes = await encodeAs(type, pattern(100, 100));
        return { type, bytes: bytes.subarray(0, Math.ceil(bytes.length * part)), expected: 'refused' as const };
      },
    ]),
  ),
);
