import { afterAll } from '@jest/globals';
import { Redis } from 'ioredis';
import { startRedis } from '../../../../tests/testkit/services/redis.js';
import { orSkip } from '../../../../tests/testkit/services/services.js';
import { describePresenceStore } from '../presence-store.conformance.js';
import { startPresenceNodes, type PresenceNode } from './presence-nodes.conformance.js';
import { openRedisLink } from './redis-link.js';
import { until } from '../../../../tests/testkit/until.js';

const server = orSkip('redis-server', await startRedis({ isCluster: true }));
afterAll(() => server?.stop());

/** Streams of several slots cannot be read with one command: one after the other, and again until there is something or the time is over. */
function openSpreadingLink(options: Parameters<typeof openRedisLink>[0]): ReturnType<typeof openRedisLink> {
  const link = openRedisLink(options);
  const { redis } = link;
  async function read(...args: readonly (string | number)[]): Promise<unknown[] | null> {
    const [, count, , blockMs] = args.map(Number);
    const streams = args.slice(5);
    const half = streams.length / 2;
    for (const end = performance.now() + (blockMs ?? 0); ;) {
      const pipeline = redis.pipeline();
      for (let each = 0; each < half; each += 1)
        pipeline.xread('COUNT', count ?? 1, 'STREAMS', streams[each] ?? '', streams[half + each] ?? '');
      const found = ((await pipeline.exec()) ?? []).flatMap(([error, reply]) => {
        if (error !== null) throw error;
        return reply ?? [];
      });
      if (found.length > 0) return found;
      if (performance.now() > end) return null;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  return { ...link, redis: Object.assign(redis, { xread: read }) };
}

if (server !== null) {
  const admin = new Redis(server.port);
  await admin.cluster('ADDSLOTSRANGE', 0, 16_383);
  await until(async () => (await admin.cluster('INFO')).includes('cluster_state:ok'));
  admin.disconnect();

  // Such a server refuses a script, or a command, whose keys have more than one slot. What scripts touch besides, presence-keys.test.ts watches.
  describePresenceStore('The presence store on a server of a cluster', async () => {
    const { nodes, advance, settle, redis } = await startPresenceNodes(server.url, 1, undefined, openSpreadingLink);
    const [{ store }] = nodes as [PresenceNode];
    const close = async (): Promise<void> => {
      await store.close();
      redis.disconnect();
    };
    return { store: { ...store, close }, advance, settle };
  });
}
