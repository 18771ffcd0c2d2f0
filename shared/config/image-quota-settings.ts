import { defaultNumbers, type NumbersOf } from './number-settings.js';

/** What one user may keep among the images, and may have open at a time. */
export const imageQuotaSettings = {
  images: { variable: 'IMAGES_MAX_PER_USER', otherwise: 500, most: 10_000_000, about: 'Images of one user, open uploads among them.' },
  bytes: {
    variable: 'IMAGES_MAX_BYTES_PER_USER',
    otherwise: 500 * 1024 * 1024,
    most: 1_000_000_000_000,
    about: 'Bytes of all images of one user.',
  },
  openUploads: {
    variable: 'IMAGES_MAX_OPEN_UPLOADS',
    otherwise: 20,
    most: 10_000,
    about: 'Uploads that one user has begun and not finished.',
  },
} as const;

export type ImageQuota = NumbersOf<typeof imageQuotaSettings>;

export const defaultImageQuota: ImageQuota = defaultNumbers(imageQuotaSettings);
