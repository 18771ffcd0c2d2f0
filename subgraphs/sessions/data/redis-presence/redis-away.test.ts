import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '../../../../shared/logging/logger.js';
import { startRedis, type TestRedis } from '../../../../tests/testkit/services/redis.js';
import { orSkip } from '../../../../tests/testkit/services/services.js';
import { defaultSettings, type ConnectionKey } from '../../presence/presence.js';
import { createRedisPresenceStore } from '../redis-presence-store.js';
import { startPresenceNodes, type PresenceNode, type PresenceNodes } from './presence-nodes.conformance.js';
import { until } from '../../../../tests/testkit/until.js';

// Each test has its own, to stop it.
const server = orSkip('redis-server', await startRedis());
await server?.stop();

const phone: ConnectionKey = { userId: 'ada', sessionId: 'phone', connectionId: 'a' };
const bob: ConnectionKey = { userId: 'bob', sessionId: 'phone', connectionId: 'a' };
const unavailable = expect.objectContaining({ code: 'UNAVAILABLE' }) as unknown;

async function availability({ store }: PresenceNode): Promise<string | undefined> {
  return (await store.read(['ada'])).states[0]?.availability;
}

if (server !== null) {
  let all: PresenceNodes | undefined;
  const servers: TestRedis[] = [];
  const folders: string[] = [];
  afterEach(async () => {
    await all?.close();
    all = undefined;
    for (const each of servers.splice(0)) await each.stop();
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });

  async function start(count = 1, url: string): Promise<PresenceNodes & { readonly a: PresenceNode; readonly b: PresenceNode }> {
    all = await startPresenceNodes(url, count);
    const [a, b = a] = all.nodes as [PresenceNode, PresenceNode?];
    return { ...all, a, b };
  }

  async function ownRedis(options: Parameters<typeof startRedis>[0] = {}): Promise<TestRedis> {
    const redis = await startRedis(options);
    if (redis === null) throw new Error('redis-server is gone');
    servers.push(redis);
    return redis;
  }

  async function newFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'galaxia-presence-'));
    folders.push(folder);
    return folder;
  }

  describe('While Redis is away', () => {
    it('refuses at once, reads what was last known, and comes back without anybody having gone offline', async () => {
      const folder = await newFolder();
      const redis = await ownRedis({ folder });
      const { a, b, settle } = await start(2, redis.url);
      await a.store.connect(phone, defaultSettings);
      await settle();
      const known = await b.store.read(['ada', 'bob']);
      await redis.stop();
      await until(() =>
        a.store.ping().then(
          () => false,
          () => true,
        ),
      );
      const began = performance.now();
      await expect(a.store.connect(phone, defaultSettings)).rejects.toEqual(unavailable);
      await expect(a.store.renew([phone])).rejects.toEqual(unavailable);
      await expect(a.store.leave(phone, 0)).rejects.toEqual(unavailable);
      await expect(a.store.announce({ kind: 'UserDeleted', userId: 'ada' })).rejects.toEqual(unavailable);
      await expect(a.store.readChanges(new Map([['ada', 'OWN']]), known.moment)).rejects.toEqual(unavailable);
      await expect(b.store.read(['ada', 'nobody'])).rejects.toEqual(unavailable);
      expect(await b.store.read(['bob', 'ada'])).toEqual({ moment: known.moment, states: known.states.toReversed() });
      expect(performance.now() - began).toBeLessThan(1_000);

      await ownRedis({ port: redis.port, folder });
      await until(() =>
        a.store.ping().then(
          () => true,
          () => false,
        ),
      );
      await until(() => a.losses === 1 && b.losses === 1);
      // The last writes before a crash may be missing: everything is read and connected anew.
      const after = await a.store.read(['ada']);
      expect(after.moment.epoch).not.toBe(known.moment.epoch);
      expect(after.states[0]).toMatchObject({ availability: 'ONLINE' });
      expect(after.states[0]?.versions.stranger).toBeGreaterThanOrEqual(known.states[0]?.versions.stranger ?? Infinity);
      await a.store.connect(phone, defaultSettings);
      await settle();
      expect([a, b].flatMap(({ changes }) => changes.map(({ state }) => state.availability))).toEqual(['ONLINE', 'ONLINE']);
    });

    it('P8: refuses to read whose versions were renewed since they were last known, in every process', async () => {
      const redis = await ownRedis();
      const { a, b, settle } = await start(2, redis.url);
      await a.store.connect(phone, defaultSettings);
      await settle();
      await b.store.read(['ada', 'bob', 'eve']);
      await a.store.read(['dan', 'eve']);
      await a.store.renewVersions(['ada', 'bob']);
      // Also where nobody is told of it: somebody's relation was read, and seen to need it.
      await a.store.renewVersions(['dan']);
      await a.store.announce({ kind: 'RelationChanged', userId: 'ada', otherId: 'bob' });
      await until(() => b.notices.length === 2);
      await redis.stop();
      await expect(a.store.renewVersions(['ada'])).rejects.toEqual(unavailable);
      for (const userId of ['ada', 'bob']) await expect(b.store.read([userId])).rejects.toEqual(unavailable);
      await expect(a.store.read(['dan'])).rejects.toEqual(unavailable);
      for (const { store } of [a, b]) expect((await store.read(['eve'])).states).toHaveLength(1);
    });

    it('begins a new epoch, with higher versions, when Redis comes back with an older state', async () => {
      const folder = await newFolder();
      const older = await newFolder();
      const first = await ownRedis({ folder });
      const { a, settle, jump } = await start(1, first.url);
      await a.store.connect(phone, defaultSettings);
      await cp(folder, older, { recursive: true });
      for (let round = 0; round < 5; round += 1) await a.store.update(phone, { isAway: round % 2 === 0 });
      await settle();
      const before = await a.store.read(['ada']);
      await first.stop();
      jump(10_000);
      await ownRedis({ port: first.port, folder: older });
      await until(() => a.losses === 1);
      const after = await a.store.read(['ada']);
      expect(after.states[0]).toMatchObject({ availability: 'ONLINE' });
      expect(after.states[0]?.versions.stranger).toBeGreaterThan(before.states[0]?.versions.stranger ?? Infinity);
      expect(await a.store.readChanges(new Map([['ada', 'OWN']]), before.moment)).toEqual({ kind: 'UnknownEpoch' });
      a.changes.splice(0);
      await a.store.leave(phone, 0);
      await settle();
      expect(a.changes.map(({ state }) => state.availability)).toEqual(['OFFLINE']);
    });

    it('begins anew when Redis comes back empty', async () => {
      const first = await ownRedis();
      const { a, b, settle } = await start(2, first.url);
      await a.store.connect(phone, defaultSettings);
      await settle();
      await first.stop();
      await ownRedis({ port: first.port });
      await until(() => a.losses === 1 && b.losses === 1);
      expect(await a.store.renew([phone])).toEqual([phone]);
      await b.store.connect(phone, defaultSettings);
      await settle();
      expect(a.changes.at(-1)?.state.availability).toBe('ONLINE');
    });

    it('gives up a Redis that does not answer, and goes on when it does', async () => {
      const redis = await ownRedis();
      const { a, settle } = await start(1, redis.url);
      await a.store.connect(phone, defaultSettings);
      await settle();
      process.kill(redis.pid, 'SIGSTOP');
      const began = performance.now();
      await expect(a.store.connect(bob, defaultSettings)).rejects.toEqual(unavailable);
      expect(await availability(a)).toBe('ONLINE');
      expect(performance.now() - began).toBeLessThan(5_000);
      process.kill(redis.pid, 'SIGCONT');
      await until(() =>
        a.store.connect(bob, defaultSettings).then(
          () => true,
          () => false,
        ),
      );
      await settle();
      expect(new Set(a.changes.map(({ state }) => state.userId))).toEqual(new Set(['ada', 'bob']));
      expect(a.losses).toBe(0);
    });

    it('refuses also when Redis was never there, and begins when it comes', async () => {
      const gone = await ownRedis();
      await gone.stop();
      const store = createRedisPresenceStore({ url: gone.url, logger: createLogger({ name: 'test', level: 'silent' }) });
      try {
        await expect(store.ping()).rejects.toEqual(unavailable);
        await expect(store.read(['ada'])).rejects.toEqual(unavailable);
        await ownRedis({ port: gone.port });
        await until(() =>
          store.ping().then(
            () => true,
            () => false,
          ),
        );
        expect((await store.connect(phone, defaultSettings)).availability).toBe('ONLINE');
      } finally {
        await store.close();
      }
    });
  });
}
