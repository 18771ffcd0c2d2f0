import { Redis } from 'ioredis';
import { createLogger } from '../../../../shared/logging/logger.js';
import { createVirtualScheduler } from '../../presence/virtual-scheduler.js';
import type { PresenceChange, PresenceStore, UserNotice } from '../../services/presence/presence-store.js';
import { createRedisPresenceStore } from '../redis-presence-store.js';
import { openRedisLink } from './redis-link.js';
import { until } from '../../../../tests/testkit/until.js';

const logger = createLogger({ name: 'test', level: 'silent' });

/** One process among those that share a Redis. */
export interface PresenceNode {
  readonly store: PresenceStore;
  /** Everything that was told to it, in order; emptied by whoever has read it. */
  readonly changes: PresenceChange[];
  readonly notices: UserNotice[];
  losses: number;
}

/** Processes that share a Redis, and a clock that only the test moves. */
export interface PresenceNodes {
  readonly nodes: readonly PresenceNode[];
  /** For what no store would do. */
  readonly redis: Redis;
  readonly now: () => number;
  /** Lets time pass, with every store sweeping once a second. */
  readonly advance: (ms: number) => Promise<void>;
  /** Lets time pass while nobody sweeps. */
  readonly jump: (ms: number) => void;
  /** Resolves when every store has told what happened in these users' shards until now. */
  readonly settle: () => Promise<void>;
  /** Ends one of them: its leases stay. */
  readonly kill: (node: PresenceNode) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Begins with an empty Redis. */
export async function startPresenceNodes(
  url: string,
  count = 1,
  userIds: readonly string[] = ['ada', 'bob', 'eve'],
  openLink = openRedisLink,
): Promise<PresenceNodes> {
  const redis = new Redis(url);
  await redis.flushall();
  const scheduler = createVirtualScheduler();
  let jumped = 0;
  const now = (): number => scheduler.now() + jumped;
  const nodes = Array.from({ length: count }, (): PresenceNode => {
    const store = createRedisPresenceStore({ url, logger, scheduler, now, openLink });
    const node: PresenceNode = { store, changes: [], notices: [], losses: 0 };
    store.listen({
      onChange: (change) => node.changes.push(change),
      onNotice: (notice) => node.notices.push(notice),
      onLost: () => (node.losses += 1),
    });
    return node;
  });
  // Whoever has answered once has heard of every shard.
  for (const { store } of nodes) await store.ping();

  async function settle(): Promise<void> {
    for (const { store } of nodes) {
      const { offsets } = (await store.read(userIds)).moment;
      await until(() => [...offsets].every(([shard, offset]) => (store.heard().offsets.get(shard) ?? 0) >= offset));
    }
  }

  return {
    nodes,
    redis,
    now,
    async advance(ms) {
      for (let passed = 0; passed < ms;) {
        const step = Math.min(1_000, ms - passed);
        passed += step;
        scheduler.advance(step);
        // The sweeps that have just been asked for are answered before it.
        for (const { store } of nodes) await store.read(userIds.slice(0, 1));
      }
    },
    jump(ms) {
      jumped += ms;
    },
    settle,
    async kill(node) {
      nodes.splice(nodes.indexOf(node), 1);
      await node.store.close();
    },
    async close() {
      for (const { store } of nodes) await store.close();
      redis.disconnect();
    },
  };
}
