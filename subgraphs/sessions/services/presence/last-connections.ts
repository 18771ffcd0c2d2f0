import type { Logger } from '../../../../shared/logging/logger.js';
import type { Scheduler } from '../../presence/scheduler.js';
import type { ConnectionTime, PresenceSettingsRepository } from './presence-settings-repository.js';
import type { PresenceStore } from './presence-store.js';

/** While someone is online, their last connection is written this often, in ms (P12). */
export const recordIntervalMs = 5 * 60_000;
/** Changes of this long are written together, in ms. */
const batchMs = 1_000;

/** Writes down when users were last online: when they come, when they go, and every 5 minutes in between. */
export interface LastConnections {
  /** The user has been heard of in this process, by a new connection or a heartbeat. */
  seen(userId: string): void;
  /** Writes what is due and everyone who is still online. */
  close(): Promise<void>;
}

export interface LastConnectionsOptions {
  readonly store: PresenceStore;
  readonly repository: PresenceSettingsRepository;
  /** Everybody who has a connection to this process. */
  readonly connected: () => ReadonlySet<string>;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

/**
 * Of many processes one writes: who is online, the one that holds the connection, and who goes, the one that found it out. Of two that
 * hold connections of one user the database takes one write in 5 minutes.
 */
export function createLastConnections(options: LastConnectionsOptions): LastConnections {
  const { store, repository, connected, scheduler, logger } = options;
  /** When each user was written last by this process, for 5 minutes. */
  const written = new Map<string, number>();
  let due = new Map<string, ConnectionTime>();
  let writing: Promise<void> = Promise.resolve();
  let cancelBatch: (() => void) | undefined;
  let cancelRound = scheduler.after(recordIntervalMs, recordConnected);

  const stop = store.listen({
    // Only the user's own view tells the truth of someone invisible.
    onChange({ state: { userId, availability, lastSeenAt }, changedFor, madeHere }) {
      if (!madeHere || availability !== 'OFFLINE' || !changedFor.includes('OWN')) return;
      written.delete(userId);
      plan(userId, { at: lastSeenAt ?? scheduler.now(), isOver: true });
    },
  });

  function plan(userId: string, time: ConnectionTime): void {
    due.set(userId, time);
    cancelBatch ??= scheduler.after(batchMs, flush);
  }

  function note(userId: string): void {
    written.set(userId, scheduler.now());
    plan(userId, { at: scheduler.now(), isOver: false });
  }

  function recordConnected(): void {
    cancelRound = scheduler.after(recordIntervalMs, recordConnected);
    for (const [userId, at] of written) if (at <= scheduler.now() - recordIntervalMs) written.delete(userId);
    for (const userId of connected()) note(userId);
    flush();
  }

  function flush(): void {
    cancelBatch?.();
    cancelBatch = undefined;
    writing = writing.then(write);
  }

  async function write(): Promise<void> {
    if (due.size === 0) return;
    const batch = due;
    due = new Map();
    try {
      await repository.recordConnections(batch);
    } catch (error) {
      logger.warn({ err: error, users: batch.size }, 'last connections were not written; trying again with the next ones');
      due = new Map([...batch, ...due]);
    }
  }

  return {
    seen(userId) {
      if ((written.get(userId) ?? -Infinity) > scheduler.now() - recordIntervalMs) return;
      note(userId);
    },
    async close() {
      stop();
      cancelRound();
      for (const userId of connected()) due.set(userId, { at: scheduler.now(), isOver: true });
      flush();
      await writing;
    },
  };
}
