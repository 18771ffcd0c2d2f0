import { crc32 } from 'node:zlib';
import { encodeAs, pngChunk, redAndBlue } from '../testkit/product/pictures.js';
import {
  box,
  gifExtension,
  gifFile,
  riffChunk,
  webpCanvas,
  webpChunks,
  webpFile,
  withJpegSegments,
  withPngChunks,
} from './file-formats.js';
import { mark, script, type HostileFiles } from './hostile-file.js';

const html = Buffer.from(`<!DOCTYPE html><html><body>${script}</body></html>`);
const png = () => encodeAs('image/png', redAndBlue());
const jpeg = () => encodeAs('image/jpeg', redAndBlue());

/** Files that are a picture to one program and something else to another. */
export const polyglots: HostileFiles = {
  // `GIF89a/*…*/=1;` is JavaScript: the comment begins in the width of the screen.
  'a GIF that is JavaScript': () => ({
    type: 'image/gif',
    bytes: gifFile({ width: 0x2a2f, height: 10, frames: 1, extensions: [gifExtension(0xfe, `*/=1;alert("${mark}");/*`)] }),
    expected: 'published',
  }),
  'a GIF with a script behind it': () => ({
    type: 'image/gif',
    bytes: Buffer.concat([gifFile({ width: 1, height: 1, frames: 1 }), html]),
    expected: 'published',
  }),
  'a JPEG that is JavaScript': async () => ({
    type: 'image/jpeg',
    // Its first segment has the length 0x2f2a, which is `/*`.
    bytes: withJpegSegments(await jpeg(), {
      marker: 0xe0,
      data: Buffer.from(`JFIF\0*/=alert("${mark}");/*`.padEnd(0x2f2a - 2, '\0'), 'latin1'),
    }),
    expected: 'published',
  }),
  'a JPEG that is a ZIP': async () => ({
    type: 'image/jpeg',
    bytes: Buffer.concat([await jpeg(), zip('index.html', html)]),
    expected: 'published',
  }),
  'a JPEG that is a PDF': async () => ({
    type: 'image/jpeg',
    bytes: withJpegSegments(await jpeg(), { marker: 0xfe, data: Buffer.from(`%PDF-1.4\n1 0 obj <</JS (${mark})>> endobj`) }),
    expected: 'published',
  }),
  'a PDF with a JPEG in it': async () => ({
    type: 'image/jpeg',
    bytes: Buffer.concat([Buffer.from(`%PDF-1.7\n1 0 obj <</Length 9>> stream\n`), await jpeg()]),
    expected: 'UNSUPPORTED_TYPE',
  }),
  'a PNG that is HTML': async () => ({
    type: 'image/png',
    bytes: Buffer.concat([withPngChunks(await png(), pngChunk('tEXt', Buffer.concat([Buffer.from('Comment\0'), html]))), html]),
    expected: 'published',
  }),
  'a PNG that is PHP': async () => ({
    type: 'image/png',
    bytes: withPngChunks(await png(), pngChunk('prVt', Buffer.from(`<?php system("${mark}"); ?>`))),
    expected: 'published',
  }),
  'HTML with a PNG behind it': async () => ({ type: 'image/png', bytes: Buffer.concat([html, await png()]), expected: 'UNSUPPORTED_TYPE' }),
  'a WebP with a chunk of HTML': async () => ({
    type: 'image/webp',
    bytes: webpFile(
      webpCanvas({ width: 40, height: 20, flags: 0 }),
      webpChunks(await encodeAs('image/webp', redAndBlue())),
      riffChunk('HTML', html),
    ),
    expected: 'published',
  }),
  'an AVIF with a box of HTML': async () => ({
    type: 'image/avif',
    bytes: Buffer.concat([await encodeAs('image/avif', redAndBlue()), box('free', html)]),
    expected: 'published',
  }),
  'an SVG that is compressed': () => ({
    type: 'image/png',
    bytes: Buffer.from('1f8b080000000000000303000000000000000000', 'hex'),
    expected: 'UNSUPPORTED_TYPE',
  }),
};

/** A ZIP with one file, stored as it is. */
function zip(name: string, data: Buffer): Buffer {
  const common = Buffer.alloc(26);
  common.writeUInt16LE(10, 0);
  common.writeUInt32LE(crc32(data), 10);
  common.writeUInt32LE(data.length, 14);
  common.writeUInt32LE(data.length, 18);
  common.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), data]);
  const central = Buffer.concat([Buffer.from('PK\x01\x02\x0a\0'), common, Buffer.alloc(14), Buffer.from(name)]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}
