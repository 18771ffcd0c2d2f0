import type { Logger } from '../../../../shared/logging/logger.js';
import type { RelationChange, RelationKind, RelationTable } from '../../../../shared/users/relation-table.js';
import type { Scheduler } from '../../presence/scheduler.js';
import type { PresenceStore } from './presence-store.js';
import type { RelationHistoryRepository } from './relations.js';

/** How often what is too old to be told is forgotten, in ms. */
export const forgettingMs = 60 * 60_000;

/** Takes in how users come to stand to each other, and makes every process hear of it. */
export interface RelationChanges {
  take(eventId: string, change: RelationChange): Promise<void>;
  close(): Promise<void>;
}

export interface RelationChangesOptions {
  readonly repository: Pick<RelationTable, 'among' | 'take'>;
  readonly history: RelationHistoryRepository;
  readonly store: Pick<PresenceStore, 'renewVersions' | 'announce'>;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

export function createRelationChanges({ repository, history, store, scheduler, logger }: RelationChangesOptions): RelationChanges {
  let cancelForgetting = scheduler.after(forgettingMs, forget);
  let forgetting: Promise<void> = Promise.resolve();

  function forget(): void {
    cancelForgetting = scheduler.after(forgettingMs, forget);
    forgetting = history.forgetOld().catch((error: unknown) => logger.warn({ err: error }, 'old changes of relations were not forgotten'));
  }

  return {
    async take(eventId, change) {
      const [userId, otherId] = change.userIds;
      const before = (await repository.among(userId, [otherId])).get(otherId);
      // First, so that it cannot be lost between the two. A second block on top of the first must not look like news.
      const isNews = before !== kindOf(change);
      if (isNews) {
        await history.add(change.userIds, { wereFriends: before === 'FRIEND' });
        // Before anybody can look with other eyes: from then on no version is as low as those that were told before.
        await store.renewVersions(change.userIds);
      }
      await repository.take(eventId, change);
      // Again, for what those who had not heard of it were told meanwhile with the eyes of before.
      if (isNews) await store.renewVersions(change.userIds);
      // Also for a repetition: the first time may have ended before this. Who hears of it reads what was written.
      await store.announce({ kind: 'RelationChanged', userId, otherId });
    },
    async close() {
      cancelForgetting();
      await forgetting;
    },
  };
}

function kindOf({ friends, blockers }: RelationChange): RelationKind | undefined {
  if (blockers.length > 0) return 'BLOCKED';
  return friends ? 'FRIEND' : undefined;
}
