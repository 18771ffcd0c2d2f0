import type { Revocations } from '../../shared/auth/revocations.js';
import type { Viewer } from '../../shared/auth/viewer.js';
import type { ClientConnection } from './client-connection.js';
import { createExpiries } from './expiries.js';

/** A socket or a stream of a client. */
type Closable = Pick<ClientConnection, 'close'>;

/** Clients come back from it with a new token; graphql-ws' own client gives up for ever on 4401. */
const forbidden = 4403;

export interface IdentityWatch {
  /**
   * Closes `socket` with 4403 when the viewer's token expires, their session is revoked or a signing key is, at once if their session was
   * already; until `remove`. False when the user has too many sockets.
   */
  add(socket: Closable, viewer: Viewer): boolean;
  /** Nothing for one that was not added. */
  remove(socket: Closable): void;
  close(): void;
}

export function createIdentityWatch(options: { revocations: Revocations; maxSocketsPerUser: number; now: () => number }): IdentityWatch {
  const { revocations, maxSocketsPerUser, now } = options;
  const viewers = new Map<Closable, Viewer>();
  // Mostly one: a set would be three times as large.
  const bySession = new Map<string, readonly Closable[]>();
  const countByUser = new Map<string, number>();
  const expiries = createExpiries<Closable>((socket) => socket.close(forbidden, 'Token expired'), now);

  // All of them: most were opened with a token of that key, and the others come back as easily.
  const stopListeningForKeys = revocations.onKeyRevoked(() => {
    for (const socket of [...viewers.keys()]) socket.close(forbidden, 'Token revoked');
  });
  const stopListening = revocations.onRevoked((sessionId) => {
    for (const socket of bySession.get(sessionId) ?? []) socket.close(forbidden, 'Session ended');
  });

  return {
    add(socket, viewer) {
      const { userId, sessionId, expiresAt } = viewer;
      const count = countByUser.get(userId) ?? 0;
      if (count >= maxSocketsPerUser) return false;
      countByUser.set(userId, count + 1);
      viewers.set(socket, viewer);
      bySession.set(sessionId, [...(bySession.get(sessionId) ?? []), socket]);
      expiries.add(socket, expiresAt);
      // The session may have ended while its token was verified.
      if (revocations.isRevoked(sessionId)) queueMicrotask(() => socket.close(forbidden, 'Session ended'));
      return true;
    },
    remove(socket) {
      const viewer = viewers.get(socket);
      if (viewer === undefined) return;
      const { userId, sessionId, expiresAt } = viewer;
      viewers.delete(socket);
      expiries.remove(socket, expiresAt);
      const count = (countByUser.get(userId) ?? 1) - 1;
      if (count === 0) countByUser.delete(userId);
      else countByUser.set(userId, count);
      const others = bySession.get(sessionId)?.filter((other) => other !== socket) ?? [];
      if (others.length === 0) bySession.delete(sessionId);
      else bySession.set(sessionId, others);
    },
    close() {
      stopListening();
      stopListeningForKeys();
    },
  };
}
