import { createConsumer } from '../../../shared/events/consumer.js';
import type { Consumer } from '../../../shared/events/event-bus.js';
import type { SearchNameRepository } from '../data/search-name-repository.js';

/** Makes users findable as soon as auth has announced them. */
export function createRegistrationConsumer({ names }: { names: SearchNameRepository }): Consumer {
  return createConsumer('users', {
    'user.registered': ({ id, payload }) => names.addUser({ eventId: id, userId: payload.userId, username: payload.username }),
  });
}
