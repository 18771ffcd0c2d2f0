import { createConsumer } from '../../../shared/events/consumer.js';
import type { Consumer } from '../../../shared/events/event-bus.js';
import type { KnownUserRepository } from '../data/known-user-repository.js';

export interface UserConsumerOptions {
  readonly users: KnownUserRepository;
  /** Called after an announcement may have been committed to the outbox. */
  readonly onAnnounced: () => void;
}

/** Follows what auth and images announce of users: who there is, by which name, with which picture. */
export function createUserConsumer({ users, onAnnounced }: UserConsumerOptions): Consumer {
  const consumer = createConsumer('users', {
    'user.registered': ({ id: eventId, occurredAt, payload: { userId, username, legacyId } }) =>
      users.register({ eventId, occurredAt, userId, username, legacyId }),
    'user.renamed': ({ id: eventId, occurredAt, payload: { userId, username } }) => users.rename({ eventId, occurredAt, userId, username }),
    'avatar.changed': ({ id: eventId, occurredAt, payload: { userId, avatarUrl } }) =>
      users.changeAvatar({ eventId, occurredAt, userId, avatarUrl }),
    'user.deleted': ({ id: eventId, occurredAt, payload: { userId, legacyId } }) => users.forget({ eventId, occurredAt, userId, legacyId }),
  });
  return {
    ...consumer,
    async handle(event) {
      await consumer.handle(event);
      onAnnounced();
    },
  };
}
