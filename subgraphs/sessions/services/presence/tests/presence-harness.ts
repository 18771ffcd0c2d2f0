import { createRevocations } from '../../../../../shared/auth/revocations.js';
import type { Viewer } from '../../../../../shared/auth/viewer.js';
import { createLogger } from '../../../../../shared/logging/logger.js';
import { createInProcessPresenceStore } from '../../../data/in-process-presence-store.js';
import type { PresenceView } from '../../../presence/presence-view.js';
import { createVirtualScheduler } from '../../../presence/virtual-scheduler.js';
import { createFakeRelations, createFakeSettings } from './presence-fakes.js';
import { createPresenceNodes, createShardedStore } from './presence-stores.js';
import type { PresenceMessage } from '../following/presence-messages.js';
import { createPresenceService, type PresenceService } from '../presence-service.js';
import type { PresenceRequest } from '../following/presence-subscriptions.js';
import type { RelationKind } from '../../../../../shared/users/relation-table.js';

/** Lets what is under way go on until it waits for time. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
}

export function person(userId: string, sessionId = `${userId}’s phone`): Viewer {
  return { userId, sessionId, username: userId, roles: ['USER'], authenticatedAt: 0, expiresAt: Infinity };
}

/** Whom a client follows, as its messages told it. Follows the rules that docs/presence.md gives to clients. */
export interface Client {
  readonly kinds: readonly PresenceMessage['kind'][];
  readonly messages: readonly PresenceMessage[];
  /** By user: `userId availability`, sorted. */
  readonly seen: () => readonly string[];
  readonly view: (userId: string) => PresenceView | undefined;
  cursor(): string | null;
  /** How often an older version came after a newer one of the same user. */
  stepsBack(): number;
  /** Reads nothing more until it is told to. */
  stall(): void;
  read(): void;
  leave(code?: number): Promise<void>;
  hasEnded(): boolean;
}

/** Two processes on one store of `shards` shards. Each hears of what happens `delay` ms later, and waits `readDelay` ms for what it reads. */
export function createCluster({
  shards = 1,
  delay = () => 0,
  readDelay = () => 0,
}: { shards?: number; delay?: () => number; readDelay?: () => number } = {}) {
  const scheduler = createVirtualScheduler();
  const store = createShardedStore(Array.from({ length: shards }, () => createInProcessPresenceStore({ scheduler })));
  const stores = createPresenceNodes(store, { scheduler, delay, readDelay });
  const settings = createFakeSettings();
  const relations = createFakeRelations(scheduler);
  const revocations = createRevocations(() => scheduler.now());
  const deleted = new Set<string>();
  const knownUsers = {
    among: (_viewerId: string, userIds: readonly string[]) => Promise.resolve(new Set(userIds.filter((id) => !deleted.has(id)))),
  };
  const logger = createLogger({ name: 'test', level: 'silent' });
  const shared = { settings, relations, history: relations.history, knownUsers, revocations, scheduler, logger, random: () => 0.5 };
  const nodes = [createPresenceService({ ...shared, store: stores[0] }), createPresenceService({ ...shared, store: stores[1] })] as const;

  async function connect(
    viewer: Viewer,
    request: Partial<PresenceRequest>,
    known?: Client,
    node: PresenceService = nodes[0],
  ): Promise<Client> {
    const controller = new AbortController();
    const full = { friends: false, userIds: [], since: null, ...request };
    const iterator = await node.subscribe(viewer, full, { id: 'socket', signal: controller.signal });
    return createClient(iterator, known, async (code) => {
      controller.abort({ code });
      await iterator.return?.();
    });
  }

  return {
    scheduler,
    settings,
    relations,
    revocations,
    store,
    stores,
    nodes,
    deleted,
    connect,
    /** As the users subgraph does, through whichever process takes the event. */
    relate: async (userId: string, otherId: string, kind: RelationKind | undefined, node = stores[0]): Promise<void> => {
      await node.renewVersions([userId, otherId]);
      relations.set(userId, otherId, kind);
      await node.renewVersions([userId, otherId]);
      await node.announce({ kind: 'RelationChanged', userId, otherId });
      await settle();
    },
    pass: async (ms: number, step = ms): Promise<void> => {
      for (let passed = 0; passed < ms; passed += step) {
        scheduler.advance(Math.min(step, ms - passed));
        await settle();
      }
    },
    close: async (): Promise<void> => {
      await Promise.all(nodes.map((node) => node.close()));
      await Promise.all(stores.map((each) => each.close()));
      await store.close();
    },
  };
}

export function createClient(
  iterator: AsyncIterableIterator<PresenceMessage>,
  known: Client | undefined,
  leave: (code: number) => Promise<void>,
): Client {
  const messages: PresenceMessage[] = [];
  const entries = new Map<string, PresenceView>();
  for (const userId of known?.seen().map((each) => each.split(' ')[0] ?? '') ?? []) {
    const view = known?.view(userId);
    if (view !== undefined) entries.set(userId, view);
  }
  let cursor = known?.cursor() ?? null;
  let stepsBack = 0;
  let isStalled = false;
  let isReading = false;
  let hasEnded = false;

  function receive(message: PresenceMessage): void {
    messages.push(message);
    if (message.kind === 'Lost') return;
    ({ cursor } = message);
    if (message.kind === 'Removed') {
      entries.delete(message.userId);
      return;
    }
    if (message.kind !== 'Changed') entries.clear();
    for (const entry of message.entries) {
      if (entry.version < (entries.get(entry.userId)?.version ?? 0)) stepsBack += 1;
      entries.set(entry.userId, entry);
    }
  }

  async function read(): Promise<void> {
    if (isReading) return;
    isReading = true;
    while (!isStalled && !hasEnded) {
      const { done, value } = (await iterator.next()) as IteratorResult<PresenceMessage, undefined>;
      if (done === true) hasEnded = true;
      else receive(value);
    }
    isReading = false;
  }
  void read();

  return {
    messages,
    get kinds() {
      return messages.map(({ kind }) => kind);
    },
    seen: () => [...entries.values()].map(({ userId, availability }) => `${userId} ${availability}`).sort(),
    view: (userId) => entries.get(userId),
    cursor: () => cursor,
    stepsBack: () => stepsBack,
    stall() {
      isStalled = true;
    },
    read() {
      isStalled = false;
      void read();
    },
    leave: (code = 1006) => leave(code),
    hasEnded: () => hasEnded,
  };
}
