import type { Logger } from '../../../shared/logging/logger.js';
import type { PresenceStore } from '../services/presence/presence-store.js';
import { createFakeRelations } from '../services/presence/tests/presence-fakes.js';
import { createRelationChanges } from '../services/presence/relation-changes.js';
import type { RelationChange, RelationKind } from '../../../shared/users/relation-table.js';
import type { VirtualTime } from './virtual-time.js';

interface Delivery {
  readonly id: string;
  readonly change: RelationChange;
}

export interface RelationWorldOptions {
  readonly time: VirtualTime;
  /** Of a process that can take an event now, if there is one. */
  readonly findStore: () => PresenceStore | undefined;
  readonly logger: Logger;
  /** The row of the two is written, and from `announced` on every process will hear of it. */
  readonly onChanged: (pair: readonly [string, string], what: 'written' | 'announced') => void;
}

/** The database of relations, and the bus that fills it: at least once, in the order of each pair, as late as it likes. */
export function createRelationWorld({ time, findStore, logger, onChanged }: RelationWorldOptions) {
  const rows = createFakeRelations(time);
  const taken = new Set<string>();
  const queues = new Map<string, { readonly deliveries: Delivery[]; isBusy: boolean }>();
  let isDown = false;
  let nextId = 0;

  async function orFail<Result>(work: () => Promise<Result>): Promise<Result> {
    if (isDown) throw new Error('the database is away');
    return work();
  }
  const relations = {
    friendsOf: (userId: string) => orFail(() => rows.friendsOf(userId)),
    among: (userId: string, otherIds: readonly string[]) => orFail(() => rows.among(userId, otherIds)),
  };

  function changesBy(store: PresenceStore) {
    const repository = {
      ...relations,
      take: (id: string, change: RelationChange) =>
        orFail(() => {
          if (!taken.has(id)) rows.set(...change.userIds, kindOf(change));
          taken.add(id);
          onChanged(change.userIds, 'written');
          return Promise.resolve();
        }),
    };
    const history = { ...rows.history, add: () => Promise.resolve(), forgetOld: () => Promise.resolve() };
    const scheduler = { now: time.now, after: () => () => undefined };
    return createRelationChanges({ repository, history, store, scheduler, logger });
  }

  /** An event that cannot be taken holds up those behind it. */
  async function deliver(key: string): Promise<void> {
    const queue = queues.get(key);
    const next = queue?.deliveries[0];
    if (queue === undefined || next === undefined || queue.isBusy) return;
    queue.isBusy = true;
    const store = findStore();
    const outcome = { isTaken: false };
    // A process that dies with it says nothing.
    const silence = new Promise<void>((resolve) => time.after(5_000, resolve));
    if (store !== undefined) {
      const work = changesBy(store)
        .take(next.id, next.change)
        .then(
          () => {
            outcome.isTaken = true;
          },
          () => undefined,
        );
      await Promise.race([work, silence]);
    }
    queue.isBusy = false;
    if (outcome.isTaken) {
      queue.deliveries.shift();
      onChanged(next.change.userIds, 'announced');
      void deliver(key);
    } else {
      time.after(500, () => void deliver(key));
    }
  }

  return {
    relations,
    history: { since: (userId: string, since: number) => orFail(() => rows.history.since(userId, since)) },
    kindOf: (a: string, b: string) => rows.kindOf(a, b),
    setDown: (down: boolean) => void (isDown = down),
    /** Everything that was announced has been taken. */
    isAtRest: () => [...queues.values()].every(({ deliveries }) => deliveries.length === 0),
    /** The two stand like this: told after `delays`, once for each. */
    relate(a: string, b: string, kind: RelationKind | undefined, delays: readonly number[]): void {
      const userIds: [string, string] = a < b ? [a, b] : [b, a];
      const key = userIds.join(' ');
      const delivery: Delivery = {
        id: `event ${(nextId += 1)}`,
        change: { userIds, friends: kind === 'FRIEND', blockers: kind === 'BLOCKED' ? [a] : [] },
      };
      const queue = queues.get(key) ?? { deliveries: [], isBusy: false };
      queues.set(key, queue);
      const [first = 0, ...repetitions] = delays;
      const enqueue = (): void => {
        queue.deliveries.push(delivery);
        void deliver(key);
      };
      if (first === 0) enqueue();
      else time.after(first, enqueue);
      for (const delay of repetitions) time.after(first + delay, enqueue);
    },
  };
}

function kindOf({ friends, blockers }: RelationChange): RelationKind | undefined {
  if (blockers.length > 0) return 'BLOCKED';
  return friends ? 'FRIEND' : undefined;
}
