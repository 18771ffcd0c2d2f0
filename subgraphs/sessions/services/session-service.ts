import { setTimeout } from 'node:timers/promises';
import { accessTokenLifetimeMs, type EndedSession, type Revocations } from '../../../shared/auth/revocations.js';
import type { Viewer } from '../../../shared/auth/viewer.js';
import { unauthenticated } from '../../../shared/errors/app-error.js';
import { createDomainEvent } from '../../../shared/events/domain-events.js';
import type { SessionRepository } from './session-repository.js';
import type { Session, SessionObservation } from './session.js';

/** `lastSeenAt` is written at most this often per session, in ms. */
export const seenIntervalMs = 60_000;
/** The announcement of a new session takes some milliseconds from auth to here; whoever ends it sooner waits for it this long, in ms. */
const announcementMs = 1_000;
const pollMs = 25;

/** So many sessions are remembered as seen just now; for the others one write too many does no harm. */
const seenCacheSize = 100_000;

export interface SessionService {
  /** The viewer's living sessions, this one first, then the latest used. Throws `UNAUTHENTICATED`. */
  listOwn(viewer: Viewer | null): Promise<readonly Session[]>;
  /** Those of the sessions that live and are the viewer's own; none for an anonymous viewer. */
  findOwn(viewer: Viewer | null, ids: readonly string[]): Promise<readonly Session[]>;
  /** Ends a session of the viewer's own: its tokens stop working, and its presence leaves. Throws `UNAUTHENTICATED`. */
  end(viewer: Viewer | null, id: string): Promise<{ kind: 'Ended'; sessionId: string } | { kind: 'NotFound' }>;
  /** Notes that a verified token of the session was used. */
  observe(viewer: Viewer): Promise<void>;
  /** Takes in what an event tells. */
  take(observation: SessionObservation): Promise<void>;
  /** Sessions that ended after `since`, in ms since the epoch. */
  endedSince(since: number): Promise<readonly EndedSession[]>;
}

export interface SessionServiceOptions {
  readonly repository: SessionRepository;
  readonly revocations: Revocations;
  readonly endPresence: (session: { readonly userId: string; readonly sessionId: string }) => Promise<void>;
  /** Called after an event was committed to the outbox. */
  readonly onAnnounced: () => void;
  readonly now: () => number;
  /** Resolves so many ms from now. */
  readonly wait?: (ms: number) => Promise<unknown>;
}

export function createSessionService(options: SessionServiceOptions): SessionService {
  const { repository, revocations, endPresence, onAnnounced, now, wait = setTimeout } = options;
  /** When each session was last written as seen, the longest ago first. */
  const seen = new Map<string, number>();

  async function hasEnded(session: { userId: string; sessionId: string; endedAt: number }): Promise<void> {
    revocations.revoke(session);
    await endPresence(session);
  }

  async function isOwn(userId: string, id: string): Promise<boolean> {
    for (let waited = 0; ; waited += pollMs) {
      if ((await repository.find({ userId, ids: [id] }, new Date(now()))).length > 0) return true;
      if (waited >= announcementMs || !isNew(id, now())) return false;
      await wait(pollMs);
    }
  }

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

    async end(caller, id) {
      const { userId } = requireViewer(caller);
      const endedAt = new Date(now());
      // First, because nothing that is no session may be announced: an id can be any text.
      if (!(await isOwn(userId, id))) return { kind: 'NotFound' };
      const event = createDomainEvent('session.ended', {
        key: userId,
        payload: { sessionId: id, userId, endedAt: endedAt.toISOString(), reason: 'ENDED' },
        now,
      });
      if (!(await repository.end({ id, userId }, { endedAt, reason: 'ENDED', event }))) return { kind: 'NotFound' };
      onAnnounced();
      await hasEnded({ userId, sessionId: id, endedAt: endedAt.getTime() });
      return { kind: 'Ended', sessionId: id };
    },

    async observe({ sessionId, userId, authenticatedAt, expiresAt }) {
      const seenAt = now();
      if ((seen.get(sessionId) ?? -Infinity) > seenAt - seenIntervalMs) return;
      // Before the write, so that requests at the same time do not all write.
      seen.delete(sessionId);
      seen.set(sessionId, seenAt);
      if (seen.size > seenCacheSize) seen.delete(seen.keys().next().value ?? '');
      try {
        await repository.merge({
          kind: 'Seen',
          id: sessionId,
          userId,
          seenAt: new Date(seenAt),
          startedAt: new Date(authenticatedAt),
          expiresAt: new Date(expiresAt),
        });
      } catch (error) {
        seen.delete(sessionId);
        throw error;
      }
    },

    async take(observation) {
      await repository.merge(observation);
      if (observation.kind !== 'Ended') return;
      const { id: sessionId, userId, endedAt } = observation;
      await hasEnded({ userId, sessionId, endedAt: endedAt.getTime() });
    },

    endedSince: (since) => repository.endedSince(new Date(Math.max(since, now() - accessTokenLifetimeMs))),
  };
}

/** Whether the session was opened so short a while ago that its announcement may be under way. Its id, a uuid v7, begins with the time. */
function isNew(id: string, now: number): boolean {
  const openedAt = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
  return Math.abs(now - openedAt) < 10 * announcementMs;
}

function requireViewer(viewer: Viewer | null): Viewer {
  if (viewer === null) throw unauthenticated();
  return viewer;
}
