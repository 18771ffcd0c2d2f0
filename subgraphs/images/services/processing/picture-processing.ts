import type { QueueLoad } from '../../../../shared/background/queue-load.js';
import type { ImagePurpose } from '../image.js';

export type RejectionCode = 'UNSUPPORTED_TYPE' | 'TYPE_MISMATCH' | 'TOO_LARGE' | 'TOO_MANY_PIXELS' | 'CORRUPT';

/** Part of a picture's digest: another number where the same upload would become other bytes, so that old pictures are not taken for new ones. */
export const pipelineVersion = 1;

/** More cannot be decoded: 50 million pixels are 200 MB of memory. */
export const maxPixels = 50_000_000;

/** The square within which a variant lies, in pixels, the smallest first. A variant that would not be smaller than the full picture is not made. */
export const variantSides = { thumb: 96, small: 320, medium: 800, large: 1600 } as const;
export type VariantName = keyof typeof variantSides;
export const variantNames = Object.keys(variantSides) as readonly VariantName[];

export type PictureType = 'image/webp' | 'image/avif';

/** A file that holds nothing but pixels and is safe to serve. */
export interface EncodedFile {
  /** In the folder of the work, and gone with it. */
  readonly path: string;
  readonly contentType: PictureType;
  /** In bytes. */
  readonly size: number;
  readonly width: number;
  readonly height: number;
}

export interface EncodedVariant extends EncodedFile {
  readonly name: VariantName;
}

export type PictureResult =
  | {
      readonly kind: 'Encoded';
      readonly full: EncodedFile;
      /** The smallest first. */
      readonly variants: readonly EncodedVariant[];
      /** ThumbHash, base64. */
      readonly placeholder: string;
      /** `#rrggbb` */
      readonly dominantColor: string;
    }
  | { readonly kind: 'Rejected'; readonly code: RejectionCode };

/** What somebody may do whose turn it is. */
export interface PictureWork {
  /** A folder of this work alone, for the upload's bytes and whatever is made of them. Removed, with all in it, when the work ends. */
  readonly folder: string;
  /**
   * Makes a file of unknown content into pictures that are safe to serve. Throws an `UNAVAILABLE` `AppError` when it takes too long or
   * decoding is not possible at the moment.
   */
  process(path: string, options: { readonly declaredType: string; readonly purpose: ImagePurpose }): Promise<PictureResult>;
  /** Makes a variant in another type of a picture that `process` has made. Throws like `process`. */
  encodeVariant(path: string, options: { readonly name: VariantName; readonly format: PictureType }): Promise<EncodedFile>;
}

/** Uploads go first, because somebody waits for them; a variant has a substitute, the WebP. */
export type PictureUrgency = 'upload' | 'variant';

/**
 * Decodes and encodes pictures in processes of their own, of which a hostile file can take none but its own down. Bounded: so many at a
 * time, each within limits of time and memory, and so many that wait.
 */
export interface PictureProcessor {
  /**
   * Runs `task` when its turn comes: before, nothing of an upload need be in memory or on disk. Rejects with an `UNAVAILABLE` `AppError`
   * that has `retryAfter`, at once, when too many of this urgency wait already.
   */
  inTurn<Result>(urgency: PictureUrgency, task: (work: PictureWork) => Promise<Result>): Promise<Result>;
  load(): QueueLoad;
  /** Refuses what waits, ends the processes, and resolves when they and their folders are gone. */
  close(): Promise<void>;
}
