import type { Revocations } from '../../shared/auth/revocations.js';
import type { Viewer } from '../../shared/auth/viewer.js';
import type { ClientConnection } from './client-connection.js';

/** A socket or a stream of a client. */
type Closable = Pick<ClientConnection, 'close'>;

/** Clients come back from it with a new token; graphql-ws' own client gives up for ever on 4401. */
const forbidden = 4403;
/** Longest delay of a Node timer, in ms. */
const maximumDelay = 2 ** 31 - 1;

export interface IdentityWatch {
  /**
   * Closes `socket` with 4403 when the viewer's token expires, their session is revoked or a signing key is, at once if their session was
   * already. Returns what stops it, or null when the user has too many sockets.
   */
  add(socket: Closable, viewer: Viewer): (() => void) | null;
  close(): void;
}

export function createIdentityWatch(options: { revocations: Revocations; maxSocketsPerUser: number; now: () => number }): IdentityWatch {
  const { revocations, maxSocketsPerUser, now } = options;
  const bySession = new Map<string, Set<Closable>>();
  const countByUser = new Map<string, number>();

  // All of them: most were opened with a token of that key, and the others come back as easily.
  const stopListeningForKeys = revocations.onKeyRevoked(() => {
    for (const socket of [...bySession.values()].flatMap((sockets) => [...sockets])) socket.close(forbidden, 'Token revoked');
  });
  const stopListening = revocations.onRevoked((sessionId) => {
    for (const socket of [...(bySession.get(sessionId) ?? [])]) socket.close(forbidden, 'Session ended');
  });

  function closeAtExpiry(socket: Closable, expiresAt: number): () => void {
    let timer: NodeJS.Timeout;
    const wait = (): void => {
      const remaining = expiresAt - now();
      timer = setTimeout(
        () => (expiresAt <= now() ? socket.close(forbidden, 'Token expired') : wait()),
        Math.min(Math.max(remaining, 0), maximumDelay),
      );
    };
    wait();
    return () => clearTimeout(timer);
  }

  return {
    add(socket, { userId, sessionId, expiresAt }) {
      const count = countByUser.get(userId) ?? 0;
      if (count >= maxSocketsPerUser) return null;
      countByUser.set(userId, count + 1);
      const sockets = bySession.get(sessionId) ?? new Set();
      bySession.set(sessionId, sockets.add(socket));
      const stopTimer = closeAtExpiry(socket, expiresAt);
      // The session may have ended while its token was verified.
      if (revocations.isRevoked(sessionId)) queueMicrotask(() => socket.close(forbidden, 'Session ended'));
      let stopped = false;
      return () => {
        if (stopped) return;
        stopped = true;
        stopTimer();
        const left = (countByUser.get(userId) ?? 1) - 1;
        if (left === 0) countByUser.delete(userId);
        else countByUser.set(userId, left);
        sockets.delete(socket);
        if (sockets.size === 0 && bySession.get(sessionId) === sockets) bySession.delete(sessionId);
      };
    },
    close() {
      stopListening();
      stopListeningForKeys();
    },
  };
}
