import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { startRedis } from '../../../../tests/testkit/services/redis.js';
import { orSkip } from '../../../../tests/testkit/services/services.js';
import { defaultSettings, type ConnectionKey } from '../../presence/presence.js';
import { changesKey, keysOf, shardOf } from './presence-keys.js';
import { openRedisLink } from './redis-link.js';
import { startPresenceNodes, type PresenceNode, type PresenceNodes } from './presence-nodes.conformance.js';
import { until } from '../../../../tests/testkit/until.js';

const server = orSkip('redis-server', await startRedis());
afterAll(() => server?.stop());

const phone: ConnectionKey = { userId: 'ada', sessionId: 'phone', connectionId: 'a' };

if (server !== null) {
  let all: PresenceNodes | undefined;
  afterEach(() => all?.close());

  async function start(count = 1): Promise<PresenceNodes & { readonly a: PresenceNode; readonly b: PresenceNode }> {
    all = await startPresenceNodes(server?.url ?? '', count);
    const [a, b = a] = all.nodes as [PresenceNode, PresenceNode?];
    return { ...all, a, b };
  }

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

    it('lets no version go back that has run ahead of the seconds since the loss before it', async () => {
      const { a, redis, advance } = await start();
      for (const round of [1, 2]) {
        for (let change = 0; change < 10; change += 1) await a.store.update(phone, { isAway: change % 2 === 0, activity: null });
        await a.store.connect(phone, defaultSettings);
        for (let change = 0; change < 10; change += 1) await a.store.update(phone, { isAway: change % 2 === 0 });
        const [before] = (await a.store.read(['ada'])).states;
        await redis.flushall();
        await advance(500);
        const [after] = (await a.store.read(['ada'])).states;
        expect([round, a.losses]).toEqual([round, round]);
        for (const audience of ['own', 'friend', 'stranger'] as const) {
          expect(after?.versions[audience]).toBeGreaterThan(before?.versions[audience] ?? Infinity);
        }
      }
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

    it('a call that was answered before the loss, and comes back after it, is refused: nothing is left of it', async () => {
      let sent = 0;
      let answers: Promise<void> | undefined;
      const openLink: typeof openRedisLink = (options) => {
        const link = openRedisLink(options);
        const pipeline = link.redis.pipeline.bind(link.redis);
        const late = (...given: Parameters<typeof pipeline>) => {
          const calls = pipeline(...given);
          const [exec, wait] = [calls.exec.bind(calls), answers];
          return Object.assign(calls, {
            async exec() {
              const replies = await exec();
              sent += 1;
              await wait;
              return replies;
            },
          });
        };
        return { ...link, redis: Object.assign(link.redis, { pipeline: late }) };
      };
      all = await startPresenceNodes(server.url, 1, ['ada'], openLink);
      const { nodes, redis, advance } = all;
      const [a] = nodes as [PresenceNode];
      let answer = (): void => undefined;
      answers = new Promise((resolve) => (answer = resolve));
      sent = 0;
      const connecting = a.store.connect(phone, defaultSettings);
      const refused = expect(connecting).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      await until(() => sent === 1);
      answers = undefined;
      await redis.flushall();
      await advance(500);
      expect(a.losses).toBe(1);
      answer();
      await refused;
      expect((await a.store.read(['ada'])).states[0]?.availability).toBe('OFFLINE');
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

    it('says so, with higher versions, when the latest is missing of a server that does not say who it is', async () => {
      const openLink: typeof openRedisLink = (options) => ({ ...openRedisLink(options), serverId: () => Promise.resolve('') });
      all = await startPresenceNodes(server.url, 1, ['ada'], openLink);
      const { nodes, redis, advance, settle } = all;
      const [a] = nodes as [PresenceNode];
      const keys = keysOf(shardOf('ada'));
      await a.store.connect(phone, defaultSettings);
      for (const key of keys) await redis.copy(key, `${key} before`);
      const told = await a.store.update(phone, { isAway: true });
      await settle();
      for (const key of keys) await redis.rename(`${key} before`, key);
      await advance(1_000);
      const [now] = (await a.store.read(['ada'])).states;
      expect([a.losses, now?.availability]).toEqual([1, 'ONLINE']);
      expect(now?.versions.stranger).toBeGreaterThan(told.versions.stranger);
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
}
