import type { Logger } from '../../../../shared/logging/logger.js';
import type { Scheduler } from '../../presence/scheduler.js';
import type { PresenceStore } from './presence-store.js';
import type { RelationChange, RelationRepository } from './relations.js';

const forgettingMs = 60 * 60_000;

/** Takes in how users come to stand to each other, and makes every process hear of it. */
export interface RelationChanges {
  take(eventId: string, change: RelationChange): Promise<void>;
  close(): Promise<void>;
}

export function createRelationChanges({
  repository,
  store,
  scheduler,
  logger,
}: {
  readonly repository: RelationRepository;
  readonly store: PresenceStore;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}): RelationChanges {
  let cancelForgetting = scheduler.after(forgettingMs, forget);
  let forgetting: Promise<void> = Promise.resolve();

  function forget(): void {
    cancelForgetting = scheduler.after(forgettingMs, forget);
    forgetting = repository
      .forgetEnded()
      .catch((error: unknown) => logger.warn({ err: error }, 'ended relations were not forgotten; trying again later'));
  }

  return {
    async take(eventId, change) {
      await repository.take(eventId, change);
      // Also for a repetition: the first time may have ended between the two. Who hears of it reads what was written before.
      const [userId, otherId] = change.userIds;
      await store.announce({ kind: 'RelationChanged', userId, otherId });
    },
    async close() {
      cancelForgetting();
      await forgetting;
    },
  };
}
