import type { Logger } from '../../../../shared/logging/logger.js';
import type { PresenceState } from '../../presence/presence.js';
import type { Scheduler } from '../../presence/scheduler.js';
import type { PresenceSettingsRepository } from './presence-settings-repository.js';
import type { PresenceStore } from './presence-store.js';

/** While someone is online, their last connection is written this often, in ms (P12). */
const recordIntervalMs = 5 * 60_000;
/** Changes of this long are written together, in ms. */
const batchMs = 1_000;

/** Writes down when users were last online: when they come, when they go, and every 5 minutes in between. */
export interface LastConnections {
  /** Writes what is due and everyone who is still online. */
  close(): Promise<void>;
}

export interface LastConnectionsOptions {
  readonly store: PresenceStore;
  readonly repository: PresenceSettingsRepository;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

export function createLastConnections({ store, repository, scheduler, logger }: LastConnectionsOptions): LastConnections {
  const online = new Set<string>();
  let due = new Map<string, number>();
  let writing: Promise<void> = Promise.resolve();
  let cancelBatch: (() => void) | undefined;
  let cancelRound = scheduler.after(recordIntervalMs, recordOnline);

  const stop = store.onChange(({ state, changedFor }) => {
    // Only the user's own view tells the truth of someone invisible.
    if (changedFor.includes('OWN')) observe(state);
  });

  function observe({ userId, availability, lastSeenAt }: PresenceState): void {
    const isOnline = availability !== 'OFFLINE';
    if (isOnline === online.has(userId)) return;
    if (isOnline) online.add(userId);
    else online.delete(userId);
    due.set(userId, lastSeenAt ?? scheduler.now());
    cancelBatch ??= scheduler.after(batchMs, flush);
  }

  function recordOnline(): void {
    cancelRound = scheduler.after(recordIntervalMs, recordOnline);
    for (const userId of online) due.set(userId, scheduler.now());
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
    async close() {
      stop();
      cancelRound();
      for (const userId of online) due.set(userId, scheduler.now());
      flush();
      await writing;
    },
  };
}
