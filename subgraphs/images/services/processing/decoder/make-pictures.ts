import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { rgbaToThumbHash } from 'thumbhash';
import { uploadTypes, type UploadType } from '../../image.js';
import {
  maxPixels,
  variantNames,
  variantSides,
  type EncodedFile,
  type EncodedVariant,
  type PictureResult,
  type PictureType,
  type RejectionCode,
} from '../picture-processing.js';
import { dominantColor, type Pixels } from './dominant-color.js';
import type { DecoderJobs } from './jobs.js';
import { sniff } from './sniff.js';

/**
 * A variant is looked at smaller than the full picture, which hides more, and AVIF needs less for the same looks. Effort 2 takes half the
 * time of 4 for 3 % more bytes, which counts for large pictures, and these are looked at least.
 */
const encodings = {
  full: { contentType: 'image/webp', quality: 85, effort: 2 },
  'image/webp': { contentType: 'image/webp', quality: 80, effort: 4 },
  'image/avif': { contentType: 'image/avif', quality: 55, effort: 4 },
} as const;

/**
 * Sniffs, decodes and re-encodes a file of unknown content. Whatever it holds beside pixels (EXIF, GPS, ICC and XMP, text behind the end,
 * a second file format in the same bytes) is gone, because only pixels go from the decoder to the encoders. Of an animation the first
 * frame is decoded. Throws when files cannot be read or written.
 */
export async function makePictures({ path, declaredType, maxSide, folder }: DecoderJobs['process']['job']): Promise<PictureResult> {
  const type = await sniff(path);
  if (type === null) return { kind: 'Rejected', code: 'UNSUPPORTED_TYPE' };
  if (type !== declaredType) return { kind: 'Rejected', code: 'TYPE_MISMATCH' };

  const metadata = await readMetadata(path);
  if (metadata === null || typeOf(metadata) !== type) return { kind: 'Rejected', code: 'CORRUPT' };
  if (metadata.width * metadata.height > maxPixels) return { kind: 'Rejected', code: 'TOO_MANY_PIXELS' };

  // To pixels first: what fails here is the file's fault, what fails later is ours.
  const decoded = await decode(path, maxSide);
  if (decoded.kind === 'Rejected') return decoded;
  const { picture, side } = decoded;

  const [full, pixels, ...variants] = await Promise.all([
    encode(picture(), join(folder, 'full.webp'), encodings.full),
    toPixels(picture()),
    ...variantNames
      .filter((name) => variantSides[name] < side)
      .map(async (name): Promise<EncodedVariant> => {
        const smaller = within(picture(), variantSides[name]);
        return { name, ...(await encode(smaller, join(folder, `${name}.webp`), encodings['image/webp'])) };
      }),
  ]);
  const placeholder = Buffer.from(rgbaToThumbHash(pixels.width, pixels.height, pixels.rgba)).toString('base64');
  return { kind: 'Encoded', full, variants, placeholder, dominantColor: dominantColor(pixels) };
}

/** Makes a smaller one of a picture that `makePictures` has made. Throws when that cannot be read, or files cannot be written. */
export function makeVariant({ path, side, format, folder }: DecoderJobs['encodeVariant']['job']): Promise<EncodedFile> {
  const image = sharp(path, { limitInputPixels: maxPixels, failOn: 'error' });
  return encode(within(image, side), join(folder, 'variant'), encodings[format]);
}

/** Reads the header only, so that a file that declares a huge image costs nothing. */
async function readMetadata(path: string): Promise<Metadata | null> {
  try {
    return await sharp(path, { limitInputPixels: false }).metadata();
  } catch {
    return null;
  }
}

function typeOf({ format, compression }: Metadata): UploadType | undefined {
  if (format === 'heif') return compression === 'av1' ? 'image/avif' : undefined;
  return uploadTypes.find((type) => type === `image/${format}`);
}

type Decoded =
  | { readonly kind: 'Decoded'; readonly picture: () => Sharp; /** The longer one, in pixels. */ readonly side: number }
  | { readonly kind: 'Rejected'; readonly code: RejectionCode };

async function decode(path: string, maxSide: number): Promise<Decoded> {
  try {
    const image = sharp(path, { limitInputPixels: maxPixels, failOn: 'error' }).autoOrient();
    const { data, info } = await within(image, maxSide).toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    return { kind: 'Decoded', picture: () => sharp(data, { raw: { width, height, channels } }), side: Math.max(width, height) };
  } catch (error) {
    return { kind: 'Rejected', code: String(error).includes('exceeds pixel limit') ? 'TOO_MANY_PIXELS' : 'CORRUPT' };
  }
}

function within(image: Sharp, side: number): Sharp {
  return image.resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true });
}

async function encode(
  image: Sharp,
  path: string,
  { contentType, ...options }: { contentType: PictureType; quality: number; effort: number },
): Promise<EncodedFile> {
  const { width, height } = await (contentType === 'image/webp' ? image.webp(options) : image.avif(options)).toFile(path);
  return { path, contentType, size: (await stat(path)).size, width, height };
}

async function toPixels(image: Sharp): Promise<Pixels> {
  const small = within(image, variantSides.thumb).toColourspace('srgb').ensureAlpha();
  const { data, info } = await small.raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, rgba: data };
}
