import type { Viewer } from '../../../shared/auth/viewer.js';
import { unauthenticated } from '../../../shared/errors/app-error.js';
import { quota } from './image.js';
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
  now = Date.now,
}: {
  uploads: Pick<UploadRepository, 'usage'>;
  now?: () => number;
}): ReadImageUsage {
  return async (viewer) => {
    if (viewer === null) throw unauthenticated();
    return toImageUsage(await uploads.usage(viewer.userId, new Date(now())));
  };
}

export function toImageUsage({ images, openUploads, bytes }: Usage): ImageUsage {
  return { images: images + openUploads, bytes, maxImages: quota.images, maxBytes: quota.bytes };
}
