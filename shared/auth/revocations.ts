/** Access tokens live 10 minutes at the most, so a revocation older than that has nothing left to revoke. In ms. */
export const accessTokenLifetimeMs = 10 * 60_000;

export interface EndedSession {
  readonly sessionId: string;
  /** When it ended, in ms since the epoch. */
  readonly endedAt: number;
}

/**
 * The sessions that ended while access tokens of theirs may still be alive, and the keys whose signatures count no more. Every process has
 * one, and asks it for every request.
 */
export interface Revocations {
  isRevoked(sessionId: string): boolean;
  /** Marks a session as ended; tells the listeners the first time. */
  revoke(session: EndedSession): void;
  /** Calls `listener` with the id of each session that is revoked from now on. Returns a function that stops it. */
  onRevoked(listener: (sessionId: string) => void): () => void;
  isKeyRevoked(kid: string): boolean;
  /** Marks a signing key as known to others; tells the listeners the first time. */
  revokeKey(kid: string): void;
  /** Calls `listener` with the id of each key that is revoked from now on. Returns a function that stops it. */
  onKeyRevoked(listener: (kid: string) => void): () => void;
}

export function createRevocations(now: () => number = Date.now): Revocations {
  const ended = new Map<string, number>();
  const listeners = new Set<(sessionId: string) => void>();
  /** Few in the life of an installation, and for good. */
  const keys = new Set<string>();
  const keyListeners = new Set<(kid: string) => void>();

  function dropStale(): void {
    // A Map keeps insertion order, so the oldest stand first.
    for (const [sessionId, endedAt] of ended) {
      if (endedAt > now() - 2 * accessTokenLifetimeMs) break;
      ended.delete(sessionId);
    }
  }

  return {
    isRevoked: (sessionId) => ended.has(sessionId),
    revoke({ sessionId, endedAt }) {
      if (ended.has(sessionId) || endedAt <= now() - accessTokenLifetimeMs) return;
      dropStale();
      ended.set(sessionId, endedAt);
      for (const listener of listeners) listener(sessionId);
    },
    onRevoked(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    isKeyRevoked: (kid) => keys.has(kid),
    revokeKey(kid) {
      if (keys.has(kid)) return;
      keys.add(kid);
      for (const listener of keyListeners) listener(kid);
    },
    onKeyRevoked(listener) {
      keyListeners.add(listener);
      return () => keyListeners.delete(listener);
    },
  };
}
