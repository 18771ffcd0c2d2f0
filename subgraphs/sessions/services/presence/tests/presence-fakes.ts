import { defaultSettings } from '../../../presence/presence.js';
import type { Scheduler } from '../../../presence/scheduler.js';
import type { ConnectionTime, PresenceSettingsRepository, StoredPresence } from '../presence-settings-repository.js';
import type { RelationKind } from '../../../../../shared/users/relation-table.js';
import type { RelationHistory, Relations } from '../relations.js';

/** Settings in memory, and every write of last connections. */
export interface FakeSettings extends PresenceSettingsRepository {
  recordConnections: (times: ReadonlyMap<string, ConnectionTime>) => Promise<void>;
  readonly rows: Map<string, StoredPresence>;
  readonly written: (ConnectionTime & { readonly userId: string })[];
}

export function createFakeSettings(): FakeSettings {
  const rows = new Map<string, StoredPresence>();
  const written: FakeSettings['written'] = [];
  const row = (userId: string): StoredPresence => rows.get(userId) ?? { settings: defaultSettings, lastConnectionAt: null };
  return {
    rows,
    written,
    find: (userIds) => Promise.resolve(new Map([...rows].filter(([userId]) => userIds.includes(userId)))),
    update(userId, patch) {
      const { settings, lastConnectionAt } = row(userId);
      const next = { ...settings, ...patch, revision: settings.revision + 1 };
      rows.set(userId, { settings: next, lastConnectionAt });
      return Promise.resolve(next);
    },
    recordConnections(times) {
      for (const [userId, time] of times) {
        rows.set(userId, { ...row(userId), lastConnectionAt: time.at });
        written.push({ ...time, userId });
      }
      return Promise.resolve();
    },
  };
}

export interface FakeRelations extends Relations {
  among: (userId: string, otherIds: readonly string[]) => Promise<ReadonlyMap<string, RelationKind>>;
  readonly history: RelationHistory;
  /** Nobody stands to the user any more, whose account is gone. */
  erase(userId: string): void;
  /** Writes down how the two stand, and announces nothing. Undefined = strangers. */
  set(userId: string, otherId: string, kind: RelationKind | undefined): void;
  kindOf(userId: string, otherId: string): RelationKind | undefined;
  /** Until taken back, everything that is asked waits. */
  pause(): () => void;
}

/** Relations in memory, with a history like that of the database. */
export function createFakeRelations(scheduler: Pick<Scheduler, 'now'>): FakeRelations {
  const rows = new Map<
    string,
    { readonly kind: RelationKind | undefined; readonly changedAt: number; readonly friendsUntil: number | null }
  >();
  /** When a friend of each was erased last. */
  const erasedAt = new Map<string, number>();
  let gate: Promise<void> = Promise.resolve();
  const keyOf = (a: string, b: string): string => [a, b].sort().join(' ');
  const others = (userId: string) =>
    [...rows].flatMap(([key, row]) => {
      const pair = key.split(' ');
      return pair.includes(userId) ? [{ otherId: pair.find((id) => id !== userId) ?? userId, ...row }] : [];
    });

  return {
    set(userId, otherId, kind) {
      const before = rows.get(keyOf(userId, otherId));
      if (before?.kind === kind) return;
      const ended = before?.kind === 'FRIEND' ? scheduler.now() : (before?.friendsUntil ?? null);
      rows.set(keyOf(userId, otherId), { kind, changedAt: scheduler.now(), friendsUntil: ended });
    },
    kindOf: (userId, otherId) => rows.get(keyOf(userId, otherId))?.kind,
    pause() {
      let open = (): void => undefined;
      gate = new Promise((resolve) => (open = resolve));
      return open;
    },
    async friendsOf(userId) {
      await gate;
      return new Set(others(userId).flatMap(({ otherId, kind }) => (kind === 'FRIEND' ? [otherId] : [])));
    },
    async among(userId, otherIds) {
      await gate;
      return new Map(
        others(userId).flatMap(({ otherId, kind }) => (kind !== undefined && otherIds.includes(otherId) ? [[otherId, kind]] : [])),
      );
    },
    history: {
      async since(userId, since) {
        await gate;
        const recent = others(userId).filter(({ changedAt }) => changedAt >= since);
        return [
          ...recent.map(({ otherId, friendsUntil }) => ({ otherId, wereFriends: friendsUntil !== null && friendsUntil >= since })),
          ...((erasedAt.get(userId) ?? -Infinity) >= since ? [{ otherId: null, wereFriends: false }] : []),
        ];
      },
    },
    erase(userId) {
      for (const { otherId, kind } of others(userId)) {
        if (kind === 'FRIEND') erasedAt.set(otherId, scheduler.now());
        rows.delete(keyOf(userId, otherId));
      }
    },
  };
}
