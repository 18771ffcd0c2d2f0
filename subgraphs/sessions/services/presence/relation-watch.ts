import type { Logger } from '../../../../shared/logging/logger.js';
import type { Audience } from '../../presence/presence.js';
import type { Scheduler } from '../../presence/scheduler.js';
import type { PresenceReader } from './presence-reader.js';
import type { PresenceSubscription } from './presence-subscription.js';
import type { Relations } from './relations.js';

/** After what could not be read, in ms. Until then nothing is told to whom it concerns. */
export const retryMs = 1_000;

/** Lets open subscriptions follow every change of how their viewers and those they follow stand to each other (P8). */
export interface RelationWatch {
  /** How the two stand has changed, and can be read: both may look at the other with other eyes now. */
  changed(userId: string, otherId: string): void;
  /** The same for one viewer and one subscription, whoever else it concerns. */
  settle(subscription: PresenceSubscription, userId: string): void;
  close(): void;
}

export interface RelationWatchOptions {
  readonly relations: Relations;
  readonly reader: PresenceReader;
  readonly subscriptionsOf: (viewerId: string) => Iterable<PresenceSubscription>;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

export function createRelationWatch({ relations, reader, subscriptionsOf, scheduler, logger }: RelationWatchOptions): RelationWatch {
  const retries = new Set<() => void>();
  let isClosed = false;

  /** Holds back all who follow, so that nobody who was blocked hears anything while that is being read. */
  function look(viewerId: string, userId: string, subscriptions: Iterable<PresenceSubscription>): void {
    const held = [...subscriptions].filter((subscription) => subscription.hold(userId));
    if (held.length > 0) void read(viewerId, userId, held);
  }

  async function read(viewerId: string, userId: string, held: readonly PresenceSubscription[]): Promise<void> {
    try {
      const relation = (await relations.among(viewerId, [userId])).get(userId);
      // Whoever is blocked is not looked up.
      const audiences = new Map<string, Audience>();
      if (relation !== 'BLOCKED') audiences.set(userId, relation ?? 'STRANGER');
      const [state] = (await reader.read({ userIds: [userId], audiences })).states;
      if (state === undefined) throw new Error('The presence reader left out a state');
      for (const subscription of held) subscription.relate(userId, relation, state);
    } catch (error) {
      if (isClosed) return;
      logger.warn({ err: error }, 'a change of relation could not be read; trying again in a second');
      const cancel = scheduler.after(retryMs, () => {
        retries.delete(cancel);
        void read(viewerId, userId, held);
      });
      retries.add(cancel);
    }
  }

  return {
    changed(userId, otherId) {
      look(userId, otherId, subscriptionsOf(userId));
      look(otherId, userId, subscriptionsOf(otherId));
    },
    settle: (subscription, userId) => look(subscription.viewerId, userId, [subscription]),
    close() {
      isClosed = true;
      for (const cancel of retries) cancel();
      retries.clear();
    },
  };
}
