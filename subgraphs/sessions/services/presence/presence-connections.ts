import type { Logger } from '../../../../shared/logging/logger.js';
import { defaultSettings, type ConnectionKey, type PresenceSettings } from '../../presence/presence.js';
import type { Scheduler } from '../../presence/scheduler.js';
import type { PresenceStore } from './presence-store.js';

/** Leases last 45 s, so two renewals may fail. In ms (P3). */
export const renewalMs = 15_000;
/** After a renewal that failed: leases may be about to run out, and everybody tries again. At least, and as much again by chance. In ms. */
const retryMs = 2_000;
/** Some ten ms of work for a store in this process. */
const batchSize = 1_000;
/** Connections that are made anew at the same time. */
const parallel = 100;

/** The connections that hang on this process, whose leases it renews for as long as they are open. */
export interface PresenceConnections {
  /** Makes the connection count. Rejects when the store or the settings cannot be reached; then the connection is not open. */
  open(key: ConnectionKey): Promise<void>;
  /** Ends the renewal; the connection counts for another `graceMs`, or, with null, until its lease runs out. */
  close(key: ConnectionKey, graceMs: number | null): Promise<void>;
  /** Makes all of them anew, for a store that may have lost them. What fails is made up for by a renewal some seconds later. */
  reassert(): Promise<void>;
  /** Whose session it is, when a connection of it hangs on this process. */
  ownerOf(sessionId: string): string | undefined;
  /** Everybody who has a connection here. */
  userIds(): ReadonlySet<string>;
  count(): PresenceCounts;
  stop(): void;
}

/** Who hangs on this process. */
export interface PresenceCounts {
  readonly connections: number;
  /** Each a login on one device. */
  readonly sessions: number;
  readonly users: number;
}

export interface PresenceConnectionsOptions {
  readonly store: PresenceStore;
  /** Of many users; one who has set none has no entry. */
  readonly loadSettings: (userIds: readonly string[]) => Promise<ReadonlyMap<string, PresenceSettings>>;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  /** From 0 to 1, for spreading. */
  readonly random: () => number;
}

export function createPresenceConnections(options: PresenceConnectionsOptions): PresenceConnections {
  const { store, loadSettings, scheduler, logger, random } = options;
  /** By session; hardly ever more than one of each. */
  const sessions = new Map<string, readonly ConnectionKey[]>();
  /** The next one, or the one under way. */
  let renewal: { readonly cancel: () => void } | undefined;
  let isStopped = false;

  function planRenewal(delay = renewalMs): void {
    if (renewal !== undefined || isStopped || sessions.size === 0) return;
    const mine = { cancel: scheduler.after(delay, () => void renewAll()) };
    renewal = mine;

    async function renewAll(): Promise<void> {
      const wait = await inBatches(renew).then(
        () => renewalMs,
        (error: unknown) => {
          logger.warn({ err: error }, 'presence leases were not renewed; trying again in some seconds');
          return soon();
        },
      );
      // Unless another one was planned meanwhile.
      if (renewal !== mine) return;
      renewal = undefined;
      planRenewal(wait);
    }
  }

  function soon(): number {
    return retryMs * (1 + random());
  }

  /** Between two batches everybody else gets their turn. */
  async function inBatches(work: (keys: readonly ConnectionKey[]) => Promise<void>): Promise<void> {
    const keys = [...sessions.values()].flat();
    for (let first = 0; first < keys.length && !isStopped; first += batchSize) {
      if (first > 0) await new Promise<void>((resolve) => scheduler.after(0, resolve));
      await work(keys.slice(first, first + batchSize));
    }
  }

  async function renew(keys: readonly ConnectionKey[]): Promise<void> {
    // What the store lost although its socket is open, unless that closed just now.
    await connectAll(await store.renew(keys));
  }

  async function connectAll(keys: readonly ConnectionKey[]): Promise<void> {
    if (keys.length === 0) return;
    const settings = await loadSettings([...new Set(keys.map(({ userId }) => userId))]);
    for (let first = 0; first < keys.length; first += parallel) {
      const open = keys.slice(first, first + parallel).filter(isOpen);
      await Promise.all(open.map((key) => store.connect(key, settings.get(key.userId) ?? defaultSettings)));
    }
  }

  function isOpen({ sessionId, connectionId }: ConnectionKey): boolean {
    return sessions.get(sessionId)?.some((key) => key.connectionId === connectionId) === true;
  }

  function userIds(): ReadonlySet<string> {
    return new Set([...sessions.values()].flatMap((connections) => connections.map(({ userId }) => userId)));
  }

  function forget({ sessionId, connectionId }: ConnectionKey): void {
    const others = (sessions.get(sessionId) ?? []).filter((key) => key.connectionId !== connectionId);
    if (others.length > 0) sessions.set(sessionId, others);
    else sessions.delete(sessionId);
  }

  return {
    async open(key) {
      // Not spread, which would leave room for 16 more.
      sessions.set(key.sessionId, (sessions.get(key.sessionId) ?? []).concat(key));
      try {
        await connectAll([key]);
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
    async reassert() {
      try {
        await inBatches(connectAll);
      } catch (error) {
        // Whoever was not connected anew is offline to everybody until then.
        renewal?.cancel();
        renewal = undefined;
        planRenewal(soon());
        throw error;
      }
    },
    ownerOf(sessionId) {
      const [key] = sessions.get(sessionId) ?? [];
      return key?.userId;
    },
    userIds,
    count: () => ({
      connections: [...sessions.values()].reduce((sum, connections) => sum + connections.length, 0),
      sessions: sessions.size,
      users: userIds().size,
    }),
    stop() {
      isStopped = true;
      renewal?.cancel();
      sessions.clear();
    },
  };
}
