import type { Logger } from '../../../../shared/logging/logger.js';
import type { ObjectStore } from '../../../../shared/objects/object-store.js';

/** In ms. Whoever reserves keys has stored and published their objects by then, or never will. */
const reservedForMs = 60 * 60_000;
/** Whoever has claimed removals has carried them out by then, or is gone. In ms. */
const claimedForMs = 10 * 60_000;
const batchSize = 100;

/** Keys that are to be removed from the store at `dueAt`. The time is also what tells them from the same keys put down by somebody else. */
export interface Reservation {
  readonly keys: readonly string[];
  readonly dueAt: Date;
}

export interface ObjectRemovalRepository {
  /** Puts all `keys` down, or none: false when one of them is down already. */
  add(removal: Reservation): Promise<boolean>;
  /** Takes on at most `limit` removals that are due at `now`, which nobody else does until `until`. */
  claim(options: { readonly now: Date; readonly until: Date; readonly limit: number }): Promise<Reservation>;
  /** Crosses out those keys of it that nobody else has taken on or put down since. */
  forget(removal: Reservation): Promise<void>;
}

/**
 * Keeps the object store and the database of one mind although no transaction spans both. Keys are put down before their objects are
 * stored, and crossed out in the transaction that publishes them; the transaction that unpublishes objects puts their keys down again. So
 * whatever happens in between, every object is either published or down for removal.
 */
export interface ObjectRemovals {
  /** Allows objects to be stored under `keys` for an hour; null when somebody else is at it. Publish them, or `carryOut` the reservation. */
  reserve(keys: readonly string[]): Promise<Reservation | null>;
  /** Removes the objects now. A store that fails leaves them to `sweep`. */
  carryOut(removal: Reservation): Promise<void>;
  /** Removes every object that is due, and answers how many. Several processes may do it at the same time. Rejects when the store fails. */
  sweep(closing?: AbortSignal): Promise<number>;
}

export interface ObjectRemovalsOptions {
  readonly repository: ObjectRemovalRepository;
  readonly objects: Pick<ObjectStore, 'delete'>;
  readonly logger: Logger;
  readonly now?: () => number;
}

export function createObjectRemovals({ repository, objects, logger, now = Date.now }: ObjectRemovalsOptions): ObjectRemovals {
  async function remove(removal: Reservation): Promise<void> {
    // Bytes go before the row that names them, so that a crash in between loses track of nothing.
    for (const key of removal.keys) await objects.delete(key);
    await repository.forget(removal);
  }

  return {
    async reserve(keys) {
      const reservation = { keys, dueAt: new Date(now() + reservedForMs) };
      return (await repository.add(reservation)) ? reservation : null;
    },

    async carryOut(removal) {
      await remove(removal).catch((error: unknown) => {
        logger.warn({ err: error, keys: removal.keys }, 'objects not removed yet');
      });
    },

    async sweep(closing) {
      let removed = 0;
      for (;;) {
        const time = now();
        const claimed = await repository.claim({ now: new Date(time), until: new Date(time + claimedForMs), limit: batchSize });
        await remove(claimed);
        removed += claimed.keys.length;
        if (claimed.keys.length < batchSize || closing?.aborted === true) return removed;
      }
    },
  };
}
