import type { DomainEvent } from '../../../../shared/events/event-bus.js';
import type { PageRequest } from '../../../../shared/graphql/connection.js';
import type { Image, ImagePosition } from '../image.js';

/**
 * Who looks at pictures. Of somebody else they see them when that one's profile is theirs to read, and, unless they see past blocks, no
 * block is between the two.
 */
export interface Onlooker {
  /** Null for an anonymous caller. */
  readonly userId: string | null;
  readonly seesPastBlocks: boolean;
}

export interface ImageRepository {
  /** The images that exist, whoever may see them, by id. Ids that are no uuid name none. */
  findMany(ids: readonly string[]): Promise<ReadonlyMap<string, Image>>;
  /** Those of them that the onlooker may see. */
  findVisible(onlooker: Onlooker, ids: readonly string[]): Promise<ReadonlyMap<string, Image>>;
  /** Everyone's gallery images that the onlooker may see, the newest first; one more than `page.limit`, when there are more. */
  listGallery(onlooker: Onlooker, page: PageRequest<ImagePosition>): Promise<readonly Image[]>;
  /** One user's images of every purpose, in the same order. */
  listOwn(userId: string, page: PageRequest<ImagePosition>): Promise<readonly Image[]>;
  /** The avatars that the onlooker may see, by user id. */
  findAvatars(onlooker: Onlooker, userIds: readonly string[]): Promise<ReadonlyMap<string, Image>>;
  /** Makes an image the avatar of a user, instead of the one before, and announces `event`. False, and no event, when it is already. */
  setAvatar(avatar: { userId: string; imageId: string; at: Date; event: DomainEvent }): Promise<boolean>;
}
