import { isInCharge, type Viewer } from '../../../../shared/auth/viewer.js';
import { unauthenticated } from '../../../../shared/errors/app-error.js';
import { createDomainEvent } from '../../../../shared/events/domain-events.js';
import type { DomainEvent } from '../../../../shared/events/event-bus.js';
import type { PageRequest } from '../../../../shared/graphql/connection.js';
import type { ObjectRemovals } from '../pictures/object-removals.js';
import { imagePath, type Image, type ImagePosition } from '../image.js';
import { pictureKeys } from '../pictures/picture.js';
import type { ImageRepository } from './image-repository.js';
import { toOnlooker } from './onlooker.js';

export type SetAvatarResult = { readonly kind: 'Set'; readonly image: Image } | { readonly kind: 'ImageNotFound' };

export type DeleteImageResult = { readonly kind: 'Deleted'; readonly image: Image } | { readonly kind: 'ImageNotFound' };

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
  /** Answers the viewer's id. */
  removeAvatar(viewer: Viewer | null): Promise<string>;
  /** An image of the viewer's own, or, for moderators and administrators, anybody's. */
  deleteImage(viewer: Viewer | null, imageId: string): Promise<DeleteImageResult>;
}

export interface GalleryOptions {
  readonly images: ImageRepository;
  readonly removals: Pick<ObjectRemovals, 'carryOut'>;
  /** Called after an event was committed to the outbox. */
  readonly onAnnounced: () => void;
  readonly now?: () => number;
}

export function createGallery({ images, removals, onAnnounced, now = Date.now }: GalleryOptions): Gallery {
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
      const event = avatarChanged(userId, imagePath(image.name));
      const outcome = await images.setAvatar({ userId, imageId: image.id, at: new Date(now()), event });
      if (outcome === 'NoImage') return { kind: 'ImageNotFound' };
      if (outcome === 'Set') onAnnounced();
      return { kind: 'Set', image };
    },
    async removeAvatar(viewer) {
      if (viewer === null) throw unauthenticated();
      const { userId } = viewer;
      if (await images.removeAvatar({ userId, event: avatarChanged(userId, null) })) onAnnounced();
      return userId;
    },
    async deleteImage(viewer, imageId) {
      if (viewer === null) throw unauthenticated();
      const image = (await images.findMany([imageId])).get(imageId);
      const isOwn = image?.ownerId === viewer.userId;
      if (image === undefined || !(isOwn || isInCharge(viewer))) return { kind: 'ImageNotFound' };
      const deleted = await images.delete({
        id: image.id,
        at: new Date(now()),
        keysOf: pictureKeys,
        announce: ({ avatarsOf }) => [
          ...avatarsOf.map((userId) => avatarChanged(userId, null)),
          ...(isOwn ? [] : [imageRemoved(image, viewer)]),
        ],
      });
      if (deleted === null) return { kind: 'ImageNotFound' };
      if (deleted.isAnnounced) onAnnounced();
      await removals.carryOut(deleted.removal);
      return { kind: 'Deleted', image };
    },
  };

  function avatarChanged(userId: string, avatarUrl: string | null): DomainEvent {
    return createDomainEvent('avatar.changed', { key: userId, now, payload: { userId, avatarUrl } });
  }

  function imageRemoved({ id: imageId, ownerId, purpose }: Image, { userId: actorId, sessionId }: Viewer): DomainEvent {
    return createDomainEvent('image.removed', { key: ownerId, now, payload: { imageId, ownerId, purpose, actorId, sessionId } });
  }
}
