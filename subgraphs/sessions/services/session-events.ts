import type { Viewer } from '../../../shared/auth/viewer.js';
import type { SubscriptionConnection } from '../../../shared/graphql/subgraph.js';
import type { Logger } from '../../../shared/logging/logger.js';
import type { Scheduler } from '../presence/scheduler.js';
import type { PresenceStore } from './presence/presence-store.js';
import { requireViewer } from './require-viewer.js';
import type { SessionRepository } from './session-repository.js';
import type { SessionService } from './session-service.js';
import { openSessionSubscription, type SessionEvent, type SessionFollower } from './session-subscription.js';

export interface SessionEvents {
  /**
   * What happens to the viewer's own sessions until the iterator is returned or the connection ends. Does not make anybody online. Throws
   * `UNAUTHENTICATED`.
   */
  subscribe(viewer: Viewer | null, connection: SubscriptionConnection | undefined): Promise<AsyncIterableIterator<SessionEvent>>;
  close(): Promise<void>;
}

export interface SessionEventsOptions {
  /** Carries the news between processes. */
  readonly store: Pick<PresenceStore, 'listen'>;
  readonly repository: Pick<SessionRepository, 'findStates'>;
  readonly sessions: Pick<SessionService, 'listOwn'>;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

export function createSessionEvents({ store, repository, sessions, scheduler, logger }: SessionEventsOptions): SessionEvents {
  /** By user. */
  const followers = new Map<string, Set<SessionFollower>>();

  const stop = store.listen({
    onNotice(notice) {
      if (notice.kind !== 'SessionChanged') return;
      for (const follower of followers.get(notice.userId) ?? []) follower.onChanged(notice.sessionId);
    },
    onLost() {
      for (const ofUser of followers.values()) for (const follower of ofUser) follower.onLost();
    },
  });

  function follow(userId: string, follower: SessionFollower): () => void {
    const ofUser = followers.get(userId) ?? new Set();
    followers.set(userId, ofUser.add(follower));
    return () => {
      ofUser.delete(follower);
      if (ofUser.size === 0 && followers.get(userId) === ofUser) followers.delete(userId);
    };
  }

  return {
    async subscribe(caller, connection) {
      const viewer = requireViewer(caller);
      const { events, end } = await openSessionSubscription({
        follow: (follower) => follow(viewer.userId, follower),
        readAll: () => sessions.listOwn(viewer),
        read: (ids) => repository.findStates({ userId: viewer.userId, ids }),
        scheduler,
        logger,
        onEnd: () => connection?.signal.removeEventListener('abort', onAbort),
      });
      function onAbort(): void {
        end();
      }
      connection?.signal.addEventListener('abort', onAbort, { once: true });
      if (connection?.signal.aborted === true) end();
      return events;
    },

    close() {
      stop();
      followers.clear();
      return Promise.resolve();
    },
  };
}
