import { v7 as uuidv7 } from 'uuid';
import type { Viewer } from '../../../shared/auth/viewer.js';
import type { SessionNews } from './session-news.js';
import type { Session } from './session.js';

/** Noon, when the tests of sessions begin. */
export const noon = Date.UTC(2026, 10, 20, 12);

export function viewerOf(sessionId: string, userId = uuidv7()): Viewer {
  return { userId, sessionId, username: 'ada', roles: ['USER'], authenticatedAt: noon, expiresAt: noon + 600_000 };
}

/** A session that lives for a day. */
export function fakeSession(given: Partial<Session> = {}): Session {
  return {
    id: uuidv7(),
    userId: uuidv7(),
    device: null,
    startedAt: new Date(noon),
    lastSeenAt: new Date(noon),
    expiresAt: new Date(noon + 86_400_000),
    data: null,
    version: 0,
    ...given,
  };
}

/** Remembers what followed. */
export function fakeNews(log: string[] = []): SessionNews & { readonly log: string[] } {
  return {
    log,
    changed: ({ sessionId }) => Promise.resolve(void log.push(`changed ${sessionId}`)),
    ended: (sessions) => Promise.resolve(void log.push(...sessions.map(({ sessionId }) => `ended ${sessionId}`))),
    expired: (sessions) => Promise.resolve(void log.push(...sessions.map(({ sessionId }) => `expired ${sessionId}`))),
  };
}
