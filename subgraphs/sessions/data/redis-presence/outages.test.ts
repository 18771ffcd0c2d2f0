import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { startRedis, type TestRedis } from '../../../../tests/testkit/redis.js';
import { orSkip } from '../../../../tests/testkit/services.js';
import { defaultSettings, type ConnectionKey } from '../../presence/presence.js';
import { changesKey, keysOf, shardOf } from './presence-keys.js';
import { startPresenceNodes, until, type PresenceNode, type PresenceNodes } from './presence-nodes.conformance.js';
import { amnestyMs, outageMs } from './shard-script.js';

const server = orSkip('redis-server', await startRedis());
afterAll(() => server?.stop());

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

  async function start(
    count = 1,
    url = server?.url ?? '',
  ): Promise<PresenceNodes & { readonly a: PresenceNode; readonly b: PresenceNode }> {
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

  describe('After an outage', () => {
    it(`lets leases run out when somebody swept ${outageMs} ms ago, and no longer ago`, async () => {
      for (const [pause, expected] of [
        [outageMs, 'OFFLINE'],
        [outageMs + 1, 'ONLINE'],
      ] as const) {
        const { a, advance, jump, close } = await start();
        await a.store.connect(phone, defaultSettings);
        await advance(40_000);
        jump(pause);
        expect(await availability(a)).toBe(expected);
        await close();
      }
    });

    it('tells nobody offline whose connection is renewed in the next 20 s, and the others after that', async () => {
      const { a, advance, jump, settle } = await start();
      await a.store.connect(phone, defaultSettings);
      await a.store.connect(bob, defaultSettings);
      await settle();
      a.changes.splice(0);
      jump(60_000);
      await advance(amnestyMs - 1);
      expect(await a.store.renew([phone])).toEqual([]);
      await settle();
      expect(a.changes).toEqual([]);
      await advance(1_001);
      await settle();
      expect(a.changes.map(({ state }) => `${state.userId} ${state.availability}`)).toEqual(['bob OFFLINE']);
    });

    it.each([
      ['connects', (node: PresenceNode) => node.store.connect({ ...phone, sessionId: 'laptop' }, defaultSettings)],
      ['leaves', (node: PresenceNode) => node.store.leave({ ...phone, sessionId: 'laptop' }, 0)],
      ['ends a session', (node: PresenceNode) => node.store.endSession({ userId: 'ada', sessionId: 'laptop' })],
      ['updates', (node: PresenceNode) => node.store.update({ userId: 'ada', sessionId: 'laptop' }, {})],
      ['renews', (node: PresenceNode) => node.store.renew([{ ...phone, sessionId: 'laptop' }])],
      ['is read', (node: PresenceNode) => node.store.read(['ada'])],
      ['is followed', async (node: PresenceNode) => node.store.readChanges(new Map([['ada', 'OWN']]), (await node.store.read([])).moment)],
      ['is swept', (node: PresenceNode) => node.store.ping()],
    ])('keeps the leases of a user who %s first', async (_what, act) => {
      const { a, advance, jump } = await start();
      await a.store.connect(phone, defaultSettings);
      jump(60_000);
      await act(a);
      await advance(1_000);
      expect(await a.store.renew([phone])).toEqual([]);
      expect((await a.store.read(['ada'])).states[0]?.availability).not.toBe('OFFLINE');
    });
  });

  describe('When Redis has lost everything', () => {
    it('every store says so once, has the same new epoch, and lets no version go back', async () => {
      const { a, b, redis, advance, settle } = await start(2);
      await a.store.connect(phone, defaultSettings);
      await a.store.update(phone, { isAway: true });
      const before = await b.store.read(['ada']);
      await advance(3_000);
      await redis.flushall();
      await advance(500);
      expect([a.losses, b.losses]).toEqual([1, 1]);
      const [ofA, ofB] = [await a.store.read(['ada']), await b.store.read(['ada'])];
      expect(ofA).toEqual(ofB);
      expect(ofA.moment.epoch).not.toBe(before.moment.epoch);
      expect(a.store.heard().epoch).toBe(ofA.moment.epoch);
      expect(ofA.states[0]?.availability).toBe('OFFLINE');
      expect(ofA.states[0]?.versions.stranger).toBeGreaterThan(before.states[0]?.versions.stranger ?? Infinity);
      expect(await b.store.readChanges(new Map([['ada', 'STRANGER']]), before.moment)).toEqual({ kind: 'UnknownEpoch' });
      expect(await a.store.renew([phone])).toEqual([phone]);
      a.changes.splice(0);
      b.changes.splice(0);
      await b.store.connect(phone, defaultSettings);
      await settle();
      for (const { changes } of [a, b]) expect(changes.map(({ state }) => state.availability)).toEqual(['ONLINE']);
    });

    it('a call that finds out first tells it before its change', async () => {
      const { a, redis, settle } = await start();
      const heard: string[] = [];
      a.store.listen({ onLost: () => heard.push('lost'), onChange: ({ state }) => heard.push(state.availability) });
      await redis.flushall();
      await a.store.connect(phone, defaultSettings);
      await settle();
      expect(heard).toEqual(['lost', 'ONLINE']);
    });

    it('the changes of the new life are told from its beginning, also when the old one had as many', async () => {
      const { a, b, redis, advance, settle } = await start(2);
      await a.store.connect(phone, defaultSettings);
      await settle();
      b.changes.splice(0);
      await redis.flushall();
      await a.store.connect(phone, defaultSettings);
      await a.store.update(phone, { isAway: true });
      await advance(1_000);
      await settle();
      expect(b.losses).toBeGreaterThan(0);
      expect(b.changes.map(({ state }) => state.availability)).toEqual(['ONLINE', 'AWAY']);
    });

    it('one shard is enough to begin a new epoch', async () => {
      const { a, redis, advance } = await start();
      const { epoch } = (await a.store.read([])).moment;
      await redis.del(keysOf(shardOf('bob'))[0]);
      await advance(500);
      expect(a.losses).toBe(1);
      expect((await a.store.read([])).moment.epoch).not.toBe(epoch);
    });
  });

  describe('When this process has missed something', () => {
    it('says so when changes were forgotten before it heard of them', async () => {
      const { a, redis, settle } = await start();
      await a.store.connect(phone, defaultSettings);
      await settle();
      const [meta] = keysOf(shardOf('ada'));
      const offset = Number(await redis.hget(meta, 'offset'));
      const entry = [
        'at',
        '0',
        'epoch',
        (await redis.hget(meta, 'epoch')) ?? '',
        'by',
        'x',
        'notice',
        '{"kind":"UserDeleted","userId":"ada"}',
      ];
      await redis
        .multi()
        .hset(meta, 'offset', offset + 3)
        .xadd(changesKey(shardOf('ada')), `${offset + 3}-0`, ...entry)
        .exec();
      await until(() => a.notices.length === 1);
      expect(a.losses).toBe(1);
    });

    it('says so when all of them were forgotten', async () => {
      const { a, redis, advance } = await start();
      const [meta] = keysOf(shardOf('ada'));
      await redis.hset(meta, 'offset', 5, 'forgotten', 5);
      await advance(500);
      expect(a.losses).toBe(1);
      await advance(500);
      expect([a.losses, a.store.heard().offsets.get(shardOf('ada'))]).toEqual([1, 5]);
    });

    it('hears everything once, in order, although its connections are cut again and again', async () => {
      const { a, b, redis, settle } = await start(2);
      for (let round = 0; round < 20; round += 1) {
        await redis.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        await until(() => {
          return a.store.update(phone, { isAway: round % 2 === 0, activity: null }).then(
            () => true,
            () => false,
          );
        });
      }
      await until(() =>
        settle().then(
          () => true,
          () => false,
        ),
      );
      for (const { changes, losses } of [a, b]) {
        const offsets = changes.map(({ position }) => position.offset);
        expect(offsets).toEqual(offsets.map((_, index) => index + 1));
        expect(losses).toBe(0);
      }
    });
  });

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
      const { createRedisPresenceStore } = await import('../redis-presence-store.js');
      const { createLogger } = await import('../../../../shared/logging/logger.js');
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
