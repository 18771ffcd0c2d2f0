import { createConsumer } from '../../../shared/events/consumer.js';
import type { Consumer } from '../../../shared/events/event-bus.js';
import type { KnownUserRepository } from './known-user-repository.js';
import type { RelationChanges } from './presence/relation-changes.js';
import type { UserErasure } from './user-erasure.js';
import type { SessionService } from './session-service.js';

export interface SessionConsumerOptions {
  readonly sessions: SessionService;
  readonly knownUsers: KnownUserRepository;
  readonly relations: Pick<RelationChanges, 'take'>;
  readonly userErasure: UserErasure;
}

/**
 * Keeps sessions and users as auth announces them, and relations as users does. Sessions and users need no inbox: an observation that
 * comes twice, or late, changes nothing.
 */
export function createSessionConsumer({ sessions, knownUsers, relations, userErasure }: SessionConsumerOptions): Consumer {
  return createConsumer('sessions', {
    'user.registered': ({ payload: { userId } }) => knownUsers.add(userId),
    'user.deleted': ({ occurredAt, payload: { userId } }) => userErasure.erase(userId, Date.parse(occurredAt)),
    'relation.changed': ({ id, payload }) => relations.take(id, payload),
    'session.started': ({ payload: { sessionId: id, userId, device, startedAt, expiresAt } }) =>
      sessions.take({ kind: 'Started', id, userId, device, startedAt: new Date(startedAt), expiresAt: new Date(expiresAt) }),
    'session.refreshed': ({ payload: { sessionId: id, userId, refreshedAt, expiresAt } }) =>
      sessions.take({ kind: 'Refreshed', id, userId, seenAt: new Date(refreshedAt), expiresAt: new Date(expiresAt) }),
    'session.ended': ({ payload: { sessionId: id, userId, endedAt, reason } }) =>
      sessions.take({ kind: 'Ended', id, userId, endedAt: new Date(endedAt), reason }),
  });
}
