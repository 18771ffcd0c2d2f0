import type { Viewer } from '../../../shared/auth/viewer.js';
import type { ImageQuota } from '../../../shared/config/image-quota-settings.js';
import { unauthenticated } from '../../../shared/errors/app-error.js';
import type { UploadRepository, Usage } from './uploads/upload-repository.js';

/** What somebody keeps, and may keep. */
export interface ImageUsage {
  /** Images, and open uploads. */
  readonly images: number;
  readonly bytes: number;
  readonly maxImages: number;
  readonly maxBytes: number;
}

/** The viewer's own. */
export type ReadImageUsage = (viewer: Viewer | null) => Promise<ImageUsage>;

export function createImageUsage({
  uploads,
  quota,
  now = Date.now,
}: {
  uploads: Pick<UploadRepository, 'usage'>;
  quota: ImageQuota;
  now?: () => number;
}): ReadImageUsage {
  return async (viewer) => {
    if (viewer === null) throw unauthenticated();
    return toImageUsage(await uploads.usage(viewer.userId, new Date(now())), quota);
  };
}

export function toImageUsage({ images, openUploads, bytes }: Usage, quota: ImageQuota): ImageUsage {
  return { images: images + openUploads, bytes, maxImages: quota.images, maxBytes: quota.bytes };
}
