import { createConsumer } from '../../../shared/events/consumer.js';
import type { Consumer } from '../../../shared/events/event-bus.js';
import type { RelationTable } from '../../../shared/users/relation-table.js';
import type { HiddenProfileRepository } from './hidden-profile-repository.js';
import type { UserImages } from './user-images.js';

export interface UserConsumerOptions {
  readonly userImages: UserImages;
  readonly relations: Pick<RelationTable, 'take'>;
  readonly hiddenProfiles: HiddenProfileRepository;
}

/** Follows what auth announces of users, and users of those to whom a user shows anything. A deletion that is repeated finds nothing left. */
export function createUserConsumer({ userImages, relations, hiddenProfiles }: UserConsumerOptions): Consumer {
  return createConsumer('images', {
    'user.deleted': ({ payload: { userId } }) => userImages.erase(userId),
    'relation.changed': ({ id, payload }) => relations.take(id, payload),
    'profile.changed': ({ id, payload }) => hiddenProfiles.take(id, payload),
  });
}
