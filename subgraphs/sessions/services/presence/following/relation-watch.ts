import type { Logger } from '../../../../../shared/logging/logger.js';
import type { Audience, PresenceState } from '../../../presence/presence.js';
import type { Scheduler } from '../../../presence/scheduler.js';
import type { PresenceReader } from '../presence-reader.js';
import type { PresenceSubscription } from './presence-subscription.js';
import type { KnownUsers } from '../../../../../shared/users/known-users.js';
import type { RelationKind } from '../../../../../shared/users/relation-table.js';
import type { PresenceStore } from '../presence-store.js';
import type { Relations } from '../relations.js';

/** After what could not be read, in ms. Until then nothing is told to whom it concerns. */
const retryMs = 1_000;

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
  readonly knownUsers: KnownUsers;
  readonly reader: PresenceReader;
  readonly store: Pick<PresenceStore, 'renewVersions'>;
  readonly subscriptionsOf: (viewerId: string) => Iterable<PresenceSubscription>;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

interface Look {
  readonly viewerId: string;
  readonly userId: string;
  /** Who is told nothing until it is done. */
  readonly held: Set<PresenceSubscription>;
  /** It has changed again since the reading began. */
  mustReadAgain: boolean;
  cancelRetry: () => void;
}

interface ReadRelation {
  readonly relation: RelationKind | undefined;
  readonly state: PresenceState;
}

export function createRelationWatch({
  relations,
  knownUsers,
  reader,
  store,
  subscriptionsOf,
  scheduler,
  logger,
}: RelationWatchOptions): RelationWatch {
  /** What is being read, by viewer and user. */
  const looks = new Map<string, Look>();
  let isClosed = false;

  /** Holds back all who follow, so that nobody who was blocked hears anything while that is being read. */
  function look(viewerId: string, userId: string, subscriptions: Iterable<PresenceSubscription>): void {
    const key = `${viewerId} ${userId}`;
    const known = looks.get(key);
    const held = [...subscriptions].filter((subscription) => known?.held.has(subscription) === true || subscription.hold(userId));
    if (known !== undefined) {
      for (const subscription of held) known.held.add(subscription);
      known.mustReadAgain = true;
    } else if (held.length > 0) {
      const begun: Look = { viewerId, userId, held: new Set(held), mustReadAgain: false, cancelRetry: () => undefined };
      looks.set(key, begun);
      void finish(key, begun);
    }
  }

  /** One reading of a pair at a time: of two, the one that was begun first could answer last, with what is over. */
  async function finish(key: string, begun: Look): Promise<void> {
    const { viewerId, userId, held } = begun;
    let isRenewed = false;
    try {
      let read: ReadRelation;
      let isThere: boolean;
      do {
        begun.mustReadAgain = false;
        read = await readRelation(viewerId, userId);
        isThere = read.relation !== undefined || (await isKnown(viewerId, userId, held));
        if (!isRenewed && isBehind(held, userId, read)) {
          // A change was told with the eyes of before after the versions had been renewed, or whoever was to renew them has died.
          isRenewed = true;
          await store.renewVersions([userId]);
          begun.mustReadAgain = true;
        }
      } while (mustReadAgain(begun));
      looks.delete(key);
      for (const subscription of held) subscription.relate(userId, isThere ? read.relation : 'BLOCKED', read.state);
    } catch (error) {
      if (isClosed) return;
      logger.warn({ err: error }, 'a change of relation could not be read; trying again in a second');
      begun.cancelRetry = scheduler.after(retryMs, () => void finish(key, begun));
    }
  }

  async function readRelation(viewerId: string, userId: string): Promise<ReadRelation> {
    const relation = (await relations.among(viewerId, [userId])).get(userId);
    // Whoever is blocked is not looked up.
    const audiences = new Map<string, Audience>();
    if (relation !== 'BLOCKED') audiences.set(userId, relation ?? 'STRANGER');
    const [state] = (await reader.read({ userIds: [userId], audiences })).states;
    if (state === undefined) throw new Error('The presence reader left out a state');
    return { relation, state };
  }

  /** Who was nobody may have taken back a block, or be gone for good. */
  async function isKnown(viewerId: string, userId: string, held: ReadonlySet<PresenceSubscription>): Promise<boolean> {
    if (![...held].some((subscription) => subscription.isNobody(userId))) return true;
    return (await knownUsers.among(viewerId, [userId])).has(userId);
  }

  return {
    changed(userId, otherId) {
      look(userId, otherId, subscriptionsOf(userId));
      look(otherId, userId, subscriptionsOf(otherId));
    },
    settle: (subscription, userId) => look(subscription.viewerId, userId, [subscription]),
    close() {
      isClosed = true;
      for (const { cancelRetry } of looks.values()) cancelRetry();
      looks.clear();
    },
  };
}

function isBehind(held: Iterable<PresenceSubscription>, userId: string, { relation, state }: ReadRelation): boolean {
  return [...held].some((subscription) => subscription.isBehind(userId, relation, state));
}

// In a function, because nothing tells the compiler that it changes while we wait.
function mustReadAgain(look: Look): boolean {
  return look.mustReadAgain;
}
