import type { Revocations } from '../../shared/auth/revocations.js';
import type { RawDatabase } from '../../shared/database/raw-database.js';
import type { Scope } from '../../shared/http/lifecycle.js';
import type { Logger } from '../../shared/logging/logger.js';
import type { SessionsPrisma } from './data/prisma.js';
import { createSessionEndRepository } from './data/session-end-repository.js';
import { createSessionRepository } from './data/session-repository.js';
import { createUserErasureRepository } from './data/user-erasure-repository.js';
import type { Scheduler } from './presence/scheduler.js';
import { createOwnSessions } from './services/own-sessions.js';
import type { PresenceService } from './services/presence/presence-service.js';
import type { PresenceStore } from './services/presence/presence-store.js';
import { createSessionChanges, type SessionChanges } from './services/session-changes.js';
import { createSessionEnds, type SessionEnds } from './services/session-ends.js';
import { createSessionEvents, type SessionEvents } from './services/session-events.js';
import { startSessionExpiry } from './services/session-expiry.js';
import { createSessionNews } from './services/session-news.js';
import { createSessionService, type SessionService } from './services/session-service.js';
import { createUserErasure, type UserErasure } from './services/user-erasure.js';

/** Everything about sessions but their presence. */
export interface SessionServices {
  readonly sessions: SessionService;
  readonly sessionChanges: SessionChanges;
  readonly sessionEnds: SessionEnds;
  readonly sessionEvents: SessionEvents;
  readonly userErasure: UserErasure;
}

export interface SessionServicesOptions {
  readonly prisma: SessionsPrisma;
  /** The same database, asked with less ado. */
  readonly sql: RawDatabase;
  readonly store: PresenceStore;
  readonly presence: Pick<PresenceService, 'endSession' | 'forget'>;
  readonly revocations: Revocations;
  /** Called after an event was committed to the outbox. */
  readonly onAnnounced: () => void;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  readonly now: () => number;
  /** Undoes what is started here. */
  readonly scope: Scope;
}

export function composeSessions(options: SessionServicesOptions): SessionServices {
  const { prisma, sql, store, presence, revocations, onAnnounced, scheduler, logger, now, scope } = options;
  const repository = createSessionRepository(prisma, sql);
  const ends = createSessionEndRepository(prisma);
  const news = createSessionNews({ revocations, endPresence: (session) => presence.endSession(session), store, logger });
  const own = createOwnSessions({ repository, now });
  const sessions = createSessionService({ repository, ends, own, news, now });
  const sessionEvents = createSessionEvents({ store, repository, sessions, scheduler, logger });
  scope.defer(() => sessionEvents.close());
  const expiry = startSessionExpiry({ repository: ends, news, logger, now });
  scope.defer(() => expiry.close());
  return {
    sessions,
    sessionChanges: createSessionChanges({ repository, own, news, onAnnounced, now }),
    sessionEnds: createSessionEnds({ repository: ends, own, news, onAnnounced, logger, now }),
    sessionEvents,
    userErasure: createUserErasure({
      repository: createUserErasureRepository(prisma),
      forgetPresence: (userId) => presence.forget(userId),
      news,
    }),
  };
}
