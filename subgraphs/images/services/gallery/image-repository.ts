import type { DomainEvent } from '../../../../shared/events/event-bus.js';
import type { PageRequest } from '../../../../shared/graphql/connection.js';
import type { Image, ImagePosition } from '../image.js';
import type { Reservation } from '../pictures/object-removals.js';
import type { Picture } from '../pictures/picture.js';
import type { Onlooker } from './onlooker.js';

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
  /** Makes an image the avatar of a user, instead of the one before, and announces `event` unless it is already. */
  setAvatar(avatar: { userId: string; imageId: string; at: Date; event: DomainEvent }): Promise<'Set' | 'Unchanged' | 'NoImage'>;
  /** False, and no event, when the user has none. */
  removeAvatar(avatar: { userId: string; event: DomainEvent }): Promise<boolean>;
  /**
   * Deletes the image, its picture when no other image shows it, and announces what `announce` answers, which is told whose avatar it was.
   * Null when there is none any more. `keysOf` names the objects of a picture.
   */
  delete(image: {
    id: string;
    at: Date;
    keysOf: (picture: Picture) => readonly string[];
    announce: (deleted: { avatarsOf: readonly string[] }) => readonly DomainEvent[];
  }): Promise<DeletedImage | null>;
}

export interface DeletedImage {
  /** Objects that nothing shows any more. */
  readonly removal: Reservation;
  readonly isAnnounced: boolean;
}
