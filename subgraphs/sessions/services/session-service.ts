import { accessTokenLifetimeMs, type EndedSession } from '../../../shared/auth/revocations.js';
import type { Viewer } from '../../../shared/auth/viewer.js';
import { unauthenticated } from '../../../shared/errors/app-error.js';
import { toUse, type OwnSessions } from './own-sessions.js';
import { requireViewer } from './require-viewer.js';
import type { SessionEndRepository } from './session-end-repository.js';
import type { SessionNews } from './session-news.js';
import type { SessionRepository } from './session-repository.js';
import { isNews, seenIntervalMs, type Session, type SessionObservation } from './session.js';

/** So many sessions are remembered as seen just now; for the others one write too many does no harm. */
const seenCacheSize = 100_000;

export interface SessionService {
  /** The viewer's living sessions, this one first, then the latest used. Throws `UNAUTHENTICATED`. */
  listOwn(viewer: Viewer | null): Promise<readonly Session[]>;
  /** Those of the sessions that live and are the viewer's own; none for an anonymous viewer. */
  findOwn(viewer: Viewer | null, ids: readonly string[]): Promise<readonly Session[]>;
  /** The viewer's own session; null for an anonymous one. Throws `UNAUTHENTICATED` when it has ended. */
  verify(viewer: Viewer | null): Promise<Session | null>;
  /** Notes that a verified token of the session was used. */
  observe(viewer: Viewer): Promise<void>;
  /** Takes in what an event tells. */
  take(observation: SessionObservation): Promise<void>;
  /** Sessions that ended after `since`, in ms since the epoch. */
  endedSince(since: number): Promise<readonly EndedSession[]>;
}

export interface SessionServiceOptions {
  readonly repository: SessionRepository;
  readonly ends: Pick<SessionEndRepository, 'endedSince'>;
  readonly own: OwnSessions;
  readonly news: SessionNews;
  readonly now: () => number;
}

export function createSessionService({ repository, ends, own, news, now }: SessionServiceOptions): SessionService {
  /** When each session was last written as seen, the longest ago first. */
  const seen = new Map<string, number>();

  return {
    async listOwn(caller) {
      const viewer = requireViewer(caller);
      const sessions = await repository.list(viewer.userId, new Date(now()));
      const rank = ({ id }: Session): number => (id === viewer.sessionId ? 0 : 1);
      return sessions.toSorted((a, b) => rank(a) - rank(b) || b.lastSeenAt.getTime() - a.lastSeenAt.getTime() || (a.id < b.id ? -1 : 1));
    },

    async findOwn(viewer, ids) {
      return viewer === null ? [] : repository.find({ userId: viewer.userId, ids }, new Date(now()));
    },

    async verify(viewer) {
      if (viewer === null) return null;
      const session = await own.find(viewer, viewer.sessionId);
      // Its end may be known here before this process has heard that its tokens are revoked.
      if (session === null) throw unauthenticated('The session has ended: sign in again.');
      return session;
    },

    async observe(viewer) {
      const { sessionId, userId } = viewer;
      const seenAt = now();
      if ((seen.get(sessionId) ?? -Infinity) > seenAt - seenIntervalMs) return;
      // Before the write, so that requests at the same time do not all write.
      seen.delete(sessionId);
      seen.set(sessionId, seenAt);
      if (seen.size > seenCacheSize) seen.delete(seen.keys().next().value ?? '');
      try {
        const { before, after } = await repository.merge(toUse(viewer, seenAt));
        const written = after ?? before;
        // Another process may have written it less than a minute ago: the next write is due a minute after that one.
        if (written !== null) seen.set(sessionId, Math.min(seenAt, written.lastSeenAt.getTime()));
        if (isNews(before, after)) await news.changed({ userId, sessionId });
      } catch (error) {
        seen.delete(sessionId);
        throw error;
      }
    },

    async take(observation) {
      const { before, after } = await repository.merge(observation);
      const { id: sessionId, userId, kind } = observation;
      if (kind === 'Ended') await news.ended([{ sessionId, userId }], observation.endedAt);
      else if (isNews(before, after)) await news.changed({ sessionId, userId });
    },

    endedSince: (since) => ends.endedSince(new Date(Math.max(since, now() - accessTokenLifetimeMs))),
  };
}
