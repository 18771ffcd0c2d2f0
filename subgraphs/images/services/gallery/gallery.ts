import { seesPastBlocks, type Viewer } from '../../../../shared/auth/viewer.js';
import { unauthenticated } from '../../../../shared/errors/app-error.js';
import { createDomainEvent } from '../../../../shared/events/domain-events.js';
import type { PageRequest } from '../../../../shared/graphql/connection.js';
import { imagePath, type Image, type ImagePosition } from '../image.js';
import type { ImageRepository, Onlooker } from './image-repository.js';

export type SetAvatarResult = { readonly kind: 'Set'; readonly image: Image } | { readonly kind: 'ImageNotFound' };

/** Reads published images, and says which of them is whose avatar. Lists hold one image more than asked for, when there are more. */
export interface Gallery {
  /** Everyone's gallery images that the viewer may see. */
  list(viewer: Viewer | null, page: PageRequest<ImagePosition>): Promise<readonly Image[]>;
  /** The viewer's own images of every purpose. */
  listOwn(viewer: Viewer | null, page: PageRequest<ImagePosition>): Promise<readonly Image[]>;
  /** Those images of `ids` (of any form) that the viewer may see, by id. */
  findMany(viewer: Viewer | null, ids: readonly string[]): Promise<ReadonlyMap<string, Image>>;
  /** The avatars of those of `userIds` (of any form) who have one that the viewer may see, by user id. */
  findAvatars(viewer: Viewer | null, userIds: readonly string[]): Promise<ReadonlyMap<string, Image>>;
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
    list: (viewer, page) => images.listGallery(toOnlooker(viewer), page),
    findMany: (viewer, ids) => images.findVisible(toOnlooker(viewer), ids),
    findAvatars: (viewer, userIds) => images.findAvatars(toOnlooker(viewer), userIds),
    async listOwn(viewer, page) {
      if (viewer === null) throw unauthenticated();
      return images.listOwn(viewer.userId, page);
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

function toOnlooker(viewer: Viewer | null): Onlooker {
  return { userId: viewer?.userId ?? null, seesPastBlocks: seesPastBlocks(viewer) };
}
