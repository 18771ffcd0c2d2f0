import { fileTypeFromBuffer } from 'file-type';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { AppError } from '../../../../shared/errors/app-error.js';
import { isUploadType, limits, uploadTypes, type ImagePurpose, type UploadType } from '../image.js';
import { maxPixels, type RejectionCode } from './picture-processing.js';

/** Magic bytes stand at the beginning; a parser need not see more of a hostile file than this. In bytes. */
const sniffLength = 64 * 1024;
const timeoutSeconds = 30;

export type ProcessingResult =
  | {
      readonly kind: 'Encoded';
      readonly bytes: Buffer;
      readonly contentType: 'image/webp';
      readonly width: number;
      readonly height: number;
    }
  | { readonly kind: 'Rejected'; readonly code: RejectionCode };

export interface ImageProcessor {
  /** Makes a file of unknown content into one that is safe to serve. */
  process(bytes: Buffer, options: { declaredType: string; purpose: ImagePurpose }): Promise<ProcessingResult>;
}

/**
 * Sniffs, decodes and re-encodes images with sharp. Whatever a file holds beside pixels (EXIF, GPS, ICC and XMP, text behind the end,
 * a second file format in the same bytes) is gone, because only pixels go from the decoder to the encoder.
 *
 * All output is WebP: every browser and game engine shows it, it has an alpha channel, and one type leaves one content type to serve.
 * Of an animation the first frame is kept.
 */
export function createImageProcessor(): ImageProcessor {
  // libvips has loaders for formats that are not allowed here (SVG, PDF, TIFF …). Even a file that fooled the sniffer must not reach them.
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({
    operation: ['VipsForeignLoadPng', 'VipsForeignLoadJpeg', 'VipsForeignLoadWebp', 'VipsForeignLoadNsgif', 'VipsForeignLoadHeif'],
  });

  return {
    async process(bytes, { declaredType, purpose }) {
      const type = await sniff(bytes);
      if (type === null) return { kind: 'Rejected', code: 'UNSUPPORTED_TYPE' };
      if (type !== declaredType) return { kind: 'Rejected', code: 'TYPE_MISMATCH' };

      const metadata = await readMetadata(bytes);
      if (metadata === null || typeOf(metadata) !== type) return { kind: 'Rejected', code: 'CORRUPT' };
      if (metadata.width * metadata.height > maxPixels) return { kind: 'Rejected', code: 'TOO_MANY_PIXELS' };

      return encode(sharp(bytes, { limitInputPixels: maxPixels, failOn: 'error' }), limits[purpose].maxSide);
    },
  };
}

async function sniff(bytes: Buffer): Promise<UploadType | null> {
  const found = await fileTypeFromBuffer(bytes.subarray(0, sniffLength)).catch(() => undefined);
  // An animated PNG is a PNG to every decoder that does not know better.
  const mime: string | undefined = found?.mime === 'image/apng' ? 'image/png' : found?.mime;
  return mime !== undefined && isUploadType(mime) ? mime : null;
}

/** Reads the header only, so that a file that declares a huge image costs nothing. */
async function readMetadata(bytes: Buffer): Promise<Metadata | null> {
  try {
    return await sharp(bytes, { limitInputPixels: false }).metadata();
  } catch {
    return null;
  }
}

function typeOf({ format, compression }: Metadata): UploadType | undefined {
  if (format === 'heif') return compression === 'av1' ? 'image/avif' : undefined;
  return uploadTypes.find((type) => type === `image/${format}`);
}

async function encode(image: Sharp, maxSide: number): Promise<ProcessingResult> {
  try {
    const { data, info } = await image
      .autoOrient()
      .resize({ width: maxSide, height: maxSide, fit: 'inside', withoutEnlargement: true })
      .toColourspace('srgb')
      .webp({ quality: 85 })
      .timeout({ seconds: timeoutSeconds })
      .toBuffer({ resolveWithObject: true });
    return { kind: 'Encoded', bytes: data, contentType: 'image/webp', width: info.width, height: info.height };
  } catch (error) {
    const message = String(error);
    if (message.includes('timeout:')) {
      throw new AppError('UNAVAILABLE', 'The image took too long to process: try again later.', { retryAfter: 30, cause: error });
    }
    if (message.includes('exceeds pixel limit')) return { kind: 'Rejected', code: 'TOO_MANY_PIXELS' };
    return { kind: 'Rejected', code: 'CORRUPT' };
  }
}
