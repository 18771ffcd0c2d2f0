import type { Revocations } from '../../../shared/auth/revocations.js';
import type { Logger } from '../../../shared/logging/logger.js';
import type { PresenceStore } from './presence/presence-store.js';
import type { SessionKey } from './session-end-repository.js';

/** What follows a change of a session, once it is committed. */
export interface SessionNews {
  /** The user's devices hear of it, on every process. Never rejects: they read everything anew when they come back. */
  changed(session: SessionKey): Promise<void>;
  /**
   * Tokens stop working at once, presences leave, and the user's devices hear of it. Rejects when the presence store cannot be reached; a
   * repetition does no harm.
   */
  ended(sessions: readonly SessionKey[], endedAt: Date): Promise<void>;
  /** The same for sessions whose tokens have expired by themselves. Never rejects. */
  expired(sessions: readonly SessionKey[]): Promise<void>;
}

export interface SessionNewsOptions {
  readonly revocations: Revocations;
  readonly endPresence: (session: SessionKey) => Promise<void>;
  readonly store: Pick<PresenceStore, 'announce'>;
  readonly logger: Logger;
}

export function createSessionNews({ revocations, endPresence, store, logger }: SessionNewsOptions): SessionNews {
  async function changed({ userId, sessionId }: SessionKey): Promise<void> {
    try {
      await store.announce({ kind: 'SessionChanged', userId, sessionId });
    } catch (error) {
      logger.warn({ err: error, sessionId }, 'the change of a session was not announced');
    }
  }

  async function haveLeft(sessions: readonly SessionKey[]): Promise<void> {
    const left = await Promise.allSettled(sessions.map((session) => endPresence(session)));
    await Promise.all(sessions.map((session) => changed(session)));
    for (const each of left) if (each.status === 'rejected') throw each.reason;
  }

  return {
    changed,
    async ended(sessions, endedAt) {
      for (const { sessionId } of sessions) revocations.revoke({ sessionId, endedAt: endedAt.getTime() });
      await haveLeft(sessions);
    },
    async expired(sessions) {
      try {
        await haveLeft(sessions);
      } catch (error) {
        logger.warn({ err: error, sessions: sessions.length }, 'the presence of expired sessions was not ended; its leases run out');
      }
    },
  };
}
