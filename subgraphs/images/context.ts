import DataLoader from 'dataloader';
import type { Viewer } from '../../shared/auth/viewer.js';
import type { Audience } from '../../shared/graphql/sharing/sharing.js';
import type { Gallery } from './services/gallery/gallery.js';
import type { ImageAudience } from './services/image-audience.js';
import type { Image } from './services/image.js';
import type { ReadImageUsage } from './services/image-usage.js';
import type { CompleteUpload } from './services/uploads/complete-upload.js';
import type { UserImages } from './services/user-images.js';
import type { OpenUpload } from './services/uploads/open-upload.js';

/** What every resolver of the images subgraph gets. */
export interface ImagesContext {
  /** Null for an anonymous caller. */
  readonly viewer: Viewer | null;
  readonly requestId: string;
  readonly gallery: Gallery;
  readonly openUpload: OpenUpload;
  readonly completeUpload: CompleteUpload;
  readonly imageUsage: ReadImageUsage;
  readonly userImages: UserImages;
  readonly loaders: {
    /** Published images by id, as the viewer may see them. */
    readonly image: DataLoader<string, Image | null>;
    /** The avatar of a user, by the user's id, as the viewer may see it. */
    readonly avatar: DataLoader<string, Image | null>;
    /** For whom a user's pictures are what they are to an anonymous caller, by the user's id. */
    readonly audience: DataLoader<string, Audience>;
  };
}

export function createImagesContext({
  imageAudience,
  ...parts
}: Omit<ImagesContext, 'loaders'> & { readonly imageAudience: ImageAudience }): ImagesContext {
  const { viewer, gallery } = parts;
  return {
    ...parts,
    loaders: {
      image: new DataLoader(async (ids) => {
        const found = await gallery.findMany(viewer, ids);
        return ids.map((id) => found.get(id) ?? null);
      }),
      avatar: new DataLoader(async (userIds) => {
        const found = await gallery.findAvatars(viewer, userIds);
        return userIds.map((id) => found.get(id) ?? null);
      }),
      audience: new DataLoader((userIds) => imageAudience.of(userIds)),
    },
  };
}
