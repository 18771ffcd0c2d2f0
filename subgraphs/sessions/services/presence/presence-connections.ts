import type { Logger } from '../../../../shared/logging/logger.js';
import type { ConnectionKey, PresenceSettings } from '../../presence/presence.js';
import type { Scheduler } from '../../presence/scheduler.js';
import type { PresenceStore } from './presence-store.js';

/** Leases last 45 s, so two renewals may fail. In ms (P3). */
export const renewalMs = 15_000;
/** Some ten ms of work for a store in this process. */
const renewalBatch = 1_000;

/** The connections that hang on this process, whose leases it renews for as long as they are open. */
export interface PresenceConnections {
  /** Makes the connection count. Rejects when the store or the settings cannot be reached; then the connection is not open. */
  open(key: ConnectionKey): Promise<void>;
  /** Ends the renewal; the connection counts for another `graceMs`, or, with null, until its lease runs out. */
  close(key: ConnectionKey, graceMs: number | null): Promise<void>;
  /** Whose session it is, when a connection of it hangs on this process. */
  ownerOf(sessionId: string): string | undefined;
  stop(): void;
}

export interface PresenceConnectionsOptions {
  readonly store: PresenceStore;
  readonly loadSettings: (userId: string) => Promise<PresenceSettings>;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

export function createPresenceConnections({ store, loadSettings, scheduler, logger }: PresenceConnectionsOptions): PresenceConnections {
  /** By session and connection. */
  const sessions = new Map<string, Map<string, ConnectionKey>>();
  let cancelRenewal: (() => void) | undefined;
  let isStopped = false;

  function planRenewal(): void {
    if (cancelRenewal !== undefined || isStopped || sessions.size === 0) return;
    cancelRenewal = scheduler.after(renewalMs, () => {
      void renew()
        .catch((error: unknown) => logger.warn({ err: error }, 'presence leases were not renewed; trying again in 15 s'))
        .finally(() => {
          cancelRenewal = undefined;
          planRenewal();
        });
    });
  }

  async function renew(): Promise<void> {
    const keys = [...sessions.values()].flatMap((connections) => [...connections.values()]);
    for (let first = 0; first < keys.length; first += renewalBatch) {
      // Between two batches everybody else gets their turn.
      if (first > 0) await new Promise<void>((resolve) => scheduler.after(0, resolve));
      for (const key of await store.renew(keys.slice(first, first + renewalBatch))) {
        // The store lost it although its socket is open, unless that closed just now.
        if (isOpen(key)) await connect(key);
      }
    }
  }

  function isOpen({ sessionId, connectionId }: ConnectionKey): boolean {
    return sessions.get(sessionId)?.has(connectionId) === true;
  }

  async function connect(key: ConnectionKey): Promise<void> {
    await store.connect(key, await loadSettings(key.userId));
  }

  function forget({ sessionId, connectionId }: ConnectionKey): void {
    const connections = sessions.get(sessionId);
    connections?.delete(connectionId);
    if (connections?.size === 0) sessions.delete(sessionId);
  }

  return {
    async open(key) {
      const connections = sessions.get(key.sessionId) ?? new Map<string, ConnectionKey>();
      sessions.set(key.sessionId, connections.set(key.connectionId, key));
      try {
        await connect(key);
      } catch (error) {
        forget(key);
        throw error;
      }
      planRenewal();
    },
    async close(key, graceMs) {
      if (!isOpen(key)) return;
      forget(key);
      if (graceMs !== null) await store.leave(key, graceMs);
    },
    ownerOf(sessionId) {
      const [key] = sessions.get(sessionId)?.values() ?? [];
      return key?.userId;
    },
    stop() {
      isStopped = true;
      cancelRenewal?.();
      sessions.clear();
    },
  };
}
