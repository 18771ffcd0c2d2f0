import { createConsumer } from '../../../shared/events/consumer.js';
import type { Consumer } from '../../../shared/events/event-bus.js';
import type { UserImages } from './user-images.js';

/** Follows what auth announces of users. Needs no inbox: a repetition finds nothing left. */
export function createUserConsumer({ userImages }: { userImages: UserImages }): Consumer {
  return createConsumer('images', { 'user.deleted': ({ payload: { userId } }) => userImages.erase(userId) });
}
