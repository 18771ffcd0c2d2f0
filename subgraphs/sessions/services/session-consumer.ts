import { createConsumer } from '../../../shared/events/consumer.js';
import type { Consumer } from '../../../shared/events/event-bus.js';
import type { KnownUserRepository } from './known-user-repository.js';
import type { SessionService } from './session-service.js';

/** Keeps sessions and users as auth announces them. Needs no inbox: an observation that comes twice, or late, changes nothing. */
export function createSessionConsumer(sessions: SessionService, knownUsers: KnownUserRepository): Consumer {
  return createConsumer('sessions', {
    'user.registered': ({ payload: { userId } }) => knownUsers.add(userId),
    'session.started': ({ payload: { sessionId: id, userId, device, startedAt, expiresAt } }) =>
      sessions.take({ kind: 'Started', id, userId, device, startedAt: new Date(startedAt), expiresAt: new Date(expiresAt) }),
    'session.refreshed': ({ payload: { sessionId: id, userId, refreshedAt, expiresAt } }) =>
      sessions.take({ kind: 'Refreshed', id, userId, seenAt: new Date(refreshedAt), expiresAt: new Date(expiresAt) }),
    'session.ended': ({ payload: { sessionId: id, userId, endedAt, reason } }) =>
      sessions.take({ kind: 'Ended', id, userId, endedAt: new Date(endedAt), reason }),
  });
}
