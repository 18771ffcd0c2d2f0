import type { PictureVariant } from './pictures/picture.js';
import type { VariantName } from './processing/picture-processing.js';

export type ImagePurpose = 'AVATAR' | 'GALLERY';

/** A published image. */
export interface Image {
  readonly id: string;
  readonly ownerId: string;
  readonly purpose: ImagePurpose;
  /** Last segment of its public address. */
  readonly name: string;
  readonly contentType: string;
  /** In bytes. */
  readonly size: number;
  readonly width: number;
  readonly height: number;
  /** The smallest first. */
  readonly variants: readonly Pick<PictureVariant, 'name' | 'width' | 'height'>[];
  /** ThumbHash, base64; null for an image of an older version. */
  readonly placeholder: string | null;
  /** `#rrggbb`; null for an image of an older version. */
  readonly dominantColor: string | null;
  readonly createdAt: Date;
}

/** Where an image stands in a list, the newest first. */
export interface ImagePosition {
  /** In ms since the epoch. */
  readonly createdAt: number;
  readonly id: string;
}

/** The types that can be uploaded. SVG is not among them: it can hold scripts and external references. */
export const uploadTypes = ['image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/avif'] as const;
export type UploadType = (typeof uploadTypes)[number];

export function isUploadType(text: string): text is UploadType {
  return uploadTypes.some((type) => type === text);
}

const megabyte = 1024 * 1024;

/** The largest file that may be uploaded, in bytes, and the square within which it is published, in pixels. */
export const limits: Readonly<Record<ImagePurpose, { readonly maxBytes: number; readonly maxSide: number }>> = {
  AVATAR: { maxBytes: 5 * megabyte, maxSide: 1024 },
  GALLERY: { maxBytes: 25 * megabyte, maxSide: 4096 },
};

/** Path of the public address of an image. */
export function imagePath(name: string): string {
  return `/media/${name}`;
}

/** Path of the public address of a variant of an image. */
export function variantPath(name: string, variant: VariantName): string {
  return `/media/${name.replace(/\.webp$/, '')}/${variant}`;
}

/** Everything published is WebP under a random name. Null for any other text. */
export function parseImageName(text: string): string | null {
  return /^[0-9a-f]{32}\.webp$/.test(text) ? text : null;
}
