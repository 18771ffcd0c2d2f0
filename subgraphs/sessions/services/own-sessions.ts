import { setTimeout } from 'node:timers/promises';
import type { Viewer } from '../../../shared/auth/viewer.js';
import type { SessionRepository } from './session-repository.js';
import { seenIntervalMs, type Session, type SessionObservation } from './session.js';

/** The announcement of a new session takes some milliseconds from auth to here; whoever asks for it sooner waits about as long, in ms. */
const announcementMs = 1_000;
/** Before the second look; each pause after it is twice as long. */
const firstPauseMs = 25;

/** The living sessions of somebody, also when their announcement is still under way. */
export interface OwnSessions {
  /** A session of the viewer's by its id, which may be any text; null when there is no such living one. */
  find(viewer: Viewer, id: string): Promise<Session | null>;
}

export interface OwnSessionsOptions {
  readonly repository: Pick<SessionRepository, 'find' | 'merge'>;
  readonly now: () => number;
  /** Resolves so many ms from now. */
  readonly wait?: (ms: number) => Promise<unknown>;
}

export function createOwnSessions({ repository, now, wait = setTimeout }: OwnSessionsOptions): OwnSessions {
  async function findNow(userId: string, id: string): Promise<Session | null> {
    const [session] = await repository.find({ userId, ids: [id] }, new Date(now()));
    return session ?? null;
  }

  async function findCurrent(viewer: Viewer): Promise<Session | null> {
    const found = await findNow(viewer.userId, viewer.sessionId);
    if (found !== null) return found;
    // Another request of it may be about to write it down; so this one does as well, and knows.
    await repository.merge(toUse(viewer, now()));
    return findNow(viewer.userId, viewer.sessionId);
  }

  return {
    async find(viewer, id) {
      if (id === viewer.sessionId) return findCurrent(viewer);
      for (let pause = firstPauseMs; ; pause *= 2) {
        const found = await findNow(viewer.userId, id);
        if (found !== null || 2 * pause > announcementMs || !isNew(id, now())) return found;
        await wait(pause);
      }
    },
  };
}

/** What a verified token tells of its session. `now` is in ms since the epoch. */
export function toUse({ sessionId: id, userId, authenticatedAt, expiresAt }: Viewer, now: number): SessionObservation {
  const [seenAt, notSince] = [new Date(now), new Date(now - seenIntervalMs)];
  return { kind: 'Seen', id, userId, seenAt, notSince, startedAt: new Date(authenticatedAt), expiresAt: new Date(expiresAt) };
}

/** Whether the session was opened so short a while ago that its announcement may be under way. Its id, a uuid v7, begins with the time. */
function isNew(id: string, now: number): boolean {
  const openedAt = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
  return Math.abs(now - openedAt) < 10 * announcementMs;
}
