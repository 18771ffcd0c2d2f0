import type { Viewer } from '../../../../shared/auth/viewer.js';
import { unauthenticated } from '../../../../shared/errors/app-error.js';
import { createDomainEvent } from '../../../../shared/events/domain-events.js';
import type { PageRequest } from '../../../../shared/graphql/connection.js';
import { imagePath, type Image, type ImagePosition } from '../image.js';
import type { ImageRepository } from './image-repository.js';

export type SetAvatarResult = { readonly kind: 'Set'; readonly image: Image } | { readonly kind: 'ImageNotFound' };

/** Reads published images, and says which of them is whose avatar. Lists hold one image more than asked for, when there are more. */
export interface Gallery {
  /** Everyone's gallery images. */
  list(page: PageRequest<ImagePosition>): Promise<readonly Image[]>;
  /** The viewer's own images of every purpose. */
  listOwn(viewer: Viewer | null, page: PageRequest<ImagePosition>): Promise<readonly Image[]>;
  /** Only an image of the viewer's own; anybody else's is as good as none. */
  setAvatar(viewer: Viewer | null, imageId: string): Promise<SetAvatarResult>;
}

export interface GalleryOptions {
  readonly images: ImageRepository;
  /** Called after an event was committed to the outbox. */
  readonly onAnnounced: () => void;
  readonly now?: () => number;
}

export function createGallery({ images, onAnnounced, now = Date.now }: GalleryOptions): Gallery {
  return {
    list: (page) => images.list({ kind: 'Gallery' }, page),
    async listOwn(viewer, page) {
      if (viewer === null) throw unauthenticated();
      return images.list({ kind: 'OwnedBy', userId: viewer.userId }, page);
    },
    async setAvatar(viewer, imageId) {
      if (viewer === null) throw unauthenticated();
      const image = (await images.findMany([imageId])).get(imageId);
      if (image?.ownerId !== viewer.userId) return { kind: 'ImageNotFound' };
      const { userId } = viewer;
      const event = createDomainEvent('avatar.changed', { key: userId, now, payload: { userId, avatarUrl: imagePath(image.name) } });
      if (await images.setAvatar({ userId, imageId: image.id, at: new Date(now()), event })) onAnnounced();
      return { kind: 'Set', image };
    },
  };
}
