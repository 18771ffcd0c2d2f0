import { crc32 } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';

export const pictureTypes = ['image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/avif'] as const;

/** 40 × 20 pixels, the left half red, the right half blue. */
export function redAndBlue(): Sharp {
  const pixels = Buffer.alloc(40 * 20 * 3);
  for (let index = 0; index < 40 * 20; index += 1) pixels[index * 3 + (index % 40 < 20 ? 0 : 2)] = 255;
  return sharp(pixels, { raw: { width: 40, height: 20, channels: 3 } });
}

/** A fixed pattern that does not compress to nothing. */
export function pattern(width: number, height: number): Sharp {
  const pixels = Buffer.from(Array.from({ length: width * height * 3 }, (_, index) => (index * index * 31 + index * 7) % 251));
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

/** One colour, of any size, at next to no cost. */
export function plain(width: number, height: number, color = '#112233'): Sharp {
  return sharp({ create: { width, height, channels: 3, background: color } });
}

export function encodeAs(type: (typeof pictureTypes)[number], image: Sharp): Promise<Buffer> {
  switch (type) {
    case 'image/png':
      return image.png({ compressionLevel: 1 }).toBuffer();
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
export function pngBomb(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    pngChunk('IHDR', header),
    pngChunk('IDAT', Buffer.from('789c63000100000500010d0a2db4', 'hex')),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

export function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}
