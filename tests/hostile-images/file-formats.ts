import { pngChunk } from '../testkit/product/pictures.js';

const pngSignature = Buffer.from('89504e470d0a1a0a', 'hex');

/** The IHDR of a PNG. */
export function pngHeader({ width, height, depth, color }: { width: number; height: number; depth: number; color: number }): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, color, 0, 0, 0], 8);
  return pngChunk('IHDR', header);
}

export function pngFile(...chunks: readonly Buffer[]): Buffer {
  return Buffer.concat([pngSignature, ...chunks, pngChunk('IEND', Buffer.alloc(0))]);
}

/** Puts chunks between the header of a PNG and its pixels. */
export function withPngChunks(png: Buffer, ...chunks: readonly Buffer[]): Buffer {
  const behindHeader = 8 + 25;
  return Buffer.concat([png.subarray(0, behindHeader), ...chunks, png.subarray(behindHeader)]);
}

/** Puts segments right behind the start of a JPEG. Their length is that of the data unless `length` says something else. */
export function withJpegSegments(jpeg: Buffer, ...segments: readonly { marker: number; data: Buffer }[]): Buffer {
  const made = segments.map(({ marker, data }) => {
    const head = Buffer.from([0xff, marker, 0, 0]);
    head.writeUInt16BE(data.length + 2, 2);
    return Buffer.concat([head, data]);
  });
  return Buffer.concat([jpeg.subarray(0, 2), ...made, jpeg.subarray(2)]);
}

interface GifOptions {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  /** What every frame says of itself; its data is one pixel. */
  readonly frameSide?: number;
  readonly extensions?: readonly Buffer[];
}

/** A GIF of two colours. */
export function gifFile({ width, height, frames, frameSide = 1, extensions = [] }: GifOptions): Buffer {
  const screen = Buffer.alloc(7);
  screen.writeUInt16LE(width, 0);
  screen.writeUInt16LE(height, 2);
  screen[4] = 0x80;
  const colors = Buffer.from('ff00000000ff', 'hex');
  const control = Buffer.from('21f904000a000000', 'hex');
  const frame = Buffer.from('2c000000000100010000' + '02' + '024401' + '00', 'hex');
  frame.writeUInt16LE(frameSide, 5);
  frame.writeUInt16LE(frameSide, 7);
  const all = Array.from({ length: frames }, () => [control, frame]).flat();
  return Buffer.concat([Buffer.from('GIF89a'), screen, colors, ...extensions, ...all, Buffer.from([0x3b])]);
}

/** A GIF extension block of text, for example of label 0xfe, a comment. */
export function gifExtension(label: number, text: string): Buffer {
  const blocks = text.match(/.{1,255}/gs) ?? [];
  return Buffer.concat([
    Buffer.from([0x21, label]),
    ...blocks.map((block) => Buffer.from(`${String.fromCharCode(block.length)}${block}`, 'latin1')),
    Buffer.from([0]),
  ]);
}

export function riffChunk(name: string, data: Buffer): Buffer {
  const head = Buffer.from(`${name}\0\0\0\0`, 'latin1');
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
}

export function webpFile(...chunks: readonly Buffer[]): Buffer {
  return riffChunk('RIFF', Buffer.concat([Buffer.from('WEBP'), ...chunks]));
}

/** The VP8X chunk of an extended WebP. */
export function webpCanvas({ width, height, flags }: { width: number; height: number; flags: number }): Buffer {
  const data = Buffer.alloc(10);
  data[0] = flags;
  data.writeUIntLE(width - 1, 4, 3);
  data.writeUIntLE(height - 1, 7, 3);
  return riffChunk('VP8X', data);
}

/** The chunks of a WebP, with their heads. */
export function webpChunks(webp: Buffer): Buffer {
  return webp.subarray(12);
}

/** A box of an AVIF; with `version` a full box. */
export function box(name: string, ...contents: readonly Buffer[]): Buffer {
  const data = Buffer.concat([...contents]);
  const head = Buffer.from(`\0\0\0\0${name}`, 'latin1');
  head.writeUInt32BE(data.length + 8);
  return Buffer.concat([head, data]);
}

/** Big-endian numbers: `[value, bytes]`. */
export function numbers(...values: readonly (readonly [value: number, bytes: number])[]): Buffer {
  return Buffer.concat(
    values.map(([value, bytes]) => {
      const buffer = Buffer.alloc(bytes);
      buffer.writeUIntBE(value, 0, bytes);
      return buffer;
    }),
  );
}
