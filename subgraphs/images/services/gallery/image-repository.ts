import type { DomainEvent } from '../../../../shared/events/event-bus.js';
import type { PageRequest } from '../../../../shared/graphql/connection.js';
import type { Image, ImagePosition } from '../image.js';

export type ImageFilter = { readonly kind: 'Gallery' } | { readonly kind: 'OwnedBy'; readonly userId: string };

export interface ImageRepository {
  /** The images that exist, by id. Ids that are no uuid name none. */
  findMany(ids: readonly string[]): Promise<ReadonlyMap<string, Image>>;
  /** The newest first; one more than `page.limit`, when there are more. */
  list(filter: ImageFilter, page: PageRequest<ImagePosition>): Promise<readonly Image[]>;
  /** The avatars of those users who have one, by user id. */
  findAvatars(userIds: readonly string[]): Promise<ReadonlyMap<string, Image>>;
  /** Makes an image the avatar of a user, instead of the one before, and announces `event`. False, and no event, when it is already. */
  setAvatar(avatar: { userId: string; imageId: string; at: Date; event: DomainEvent }): Promise<boolean>;
}
