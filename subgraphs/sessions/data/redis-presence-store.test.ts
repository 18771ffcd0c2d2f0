import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { startRedis } from '../../../tests/testkit/services/redis.js';
import { orSkip } from '../../../tests/testkit/services/services.js';
import { defaultSettings, type ConnectionKey } from '../presence/presence.js';
import { describePresenceStore } from './presence-store.conformance.js';
import { shardOf } from './redis-presence/presence-keys.js';
import { startPresenceNodes, type PresenceNode, type PresenceNodes } from './redis-presence/presence-nodes.conformance.js';
import { sweepLimit } from './redis-presence/presence-scripts.js';

const server = orSkip('redis-server', await startRedis());
afterAll(() => server?.stop());

function connectionOf(userId: string, connectionId = 'a'): ConnectionKey {
  return { userId, sessionId: 'phone', connectionId };
}

function told({ changes }: PresenceNode): string[] {
  return changes.splice(0).map(({ state }) => `${state.userId} ${state.availability}`);
}

/** So many users of one shard. */
function usersOfOneShard(count: number): string[] {
  const all = Array.from({ length: 64 * (count + 100) }, (_, index) => `user-${index}`);
  return all.filter((userId) => shardOf(userId) === shardOf('user-0')).slice(0, count);
}

if (server !== null) {
  describePresenceStore('The presence store on Redis', async () => {
    const { nodes, redis, advance, settle } = await startPresenceNodes(server.url);
    const [{ store }] = nodes as [PresenceNode];
    const close = async (): Promise<void> => {
      await store.close();
      redis.disconnect();
    };
    return { store: { ...store, close }, advance, settle };
  });

  describe('Presence stores that share a Redis', () => {
    let all: PresenceNodes | undefined;
    afterEach(() => all?.close());

    async function start(count: number, userIds?: readonly string[]): Promise<PresenceNodes> {
      all = await startPresenceNodes(server?.url ?? '', count, userIds);
      return all;
    }

    it('all tell every change once, in order, and know which of them made it', async () => {
      const { nodes, settle } = await start(2);
      const [a, b] = nodes as [PresenceNode, PresenceNode];
      await a.store.connect(connectionOf('ada'), defaultSettings);
      await b.store.update({ userId: 'ada', sessionId: 'phone' }, { isAway: true });
      await b.store.connect(connectionOf('bob'), defaultSettings);
      await a.store.announce({ kind: 'UserDeleted', userId: 'bob' });
      await a.store.leave(connectionOf('ada'), 0);
      await settle();
      expect([a, b].map(({ changes }) => changes.filter(({ state }) => state.userId === 'ada').map(({ madeHere }) => madeHere))).toEqual([
        [true, false, true],
        [false, true, false],
      ]);
      expect([a.notices, b.notices].map((notices) => notices.map(({ kind }) => kind))).toEqual([['UserDeleted'], ['UserDeleted']]);
      for (const node of nodes) expect(told(node).sort()).toEqual(['ada AWAY', 'ada OFFLINE', 'ada ONLINE', 'bob ONLINE']);
    });

    it('have one epoch, and the moment of one means the same to another', async () => {
      const { nodes } = await start(3);
      const [a, b, c] = nodes as [PresenceNode, PresenceNode, PresenceNode];
      const { moment } = await a.store.read(['ada', 'bob']);
      expect((await b.store.read(['ada', 'bob'])).moment).toEqual(moment);
      await c.store.connect(connectionOf('bob'), defaultSettings);
      const followed = new Map([
        ['ada', 'FRIEND'],
        ['bob', 'FRIEND'],
      ] as const);
      expect(await b.store.readChanges(followed, moment)).toMatchObject({ kind: 'Changes', states: [{ userId: 'bob' }] });
    });

    it('P5: tell exactly one OFFLINE, within 46 s, when one of them is killed', async () => {
      const { nodes, kill, advance, settle } = await start(3);
      const [killed, b, c] = nodes as [PresenceNode, PresenceNode, PresenceNode];
      await killed.store.connect(connectionOf('ada'), defaultSettings);
      await b.store.connect(connectionOf('bob'), defaultSettings);
      await settle();
      for (const node of nodes) told(node);
      await kill(killed);
      for (let second = 1; second <= 44; second += 1) {
        await b.store.renew([connectionOf('bob')]);
        await advance(1_000);
      }
      expect([told(b), told(c)]).toEqual([[], []]);
      await advance(1_500);
      await settle();
      expect([told(b), told(c)]).toEqual([['ada OFFLINE'], ['ada OFFLINE']]);
    });

    it('sweep side by side without telling anything twice', async () => {
      const users = usersOfOneShard(sweepLimit + 1);
      const { nodes, advance, settle } = await start(4, users);
      const [{ store }] = nodes as [PresenceNode];
      await Promise.all(users.map((userId) => store.connect(connectionOf(userId), defaultSettings)));
      await settle();
      for (const node of nodes) told(node);
      await advance(45_000);
      await settle();
      const makers = nodes.map(({ changes }) => changes.filter(({ madeHere }) => madeHere).length);
      expect(makers.reduce((sum, each) => sum + each)).toBe(users.length);
      for (const node of nodes) expect(told(node).sort()).toEqual(users.map((userId) => `${userId} OFFLINE`).sort());
    });

    it('read hundreds of users at once, in the order asked', async () => {
      const users = Array.from({ length: 200 }, (_, index) => `user-${index}`);
      const { nodes } = await start(2, users);
      const [a, b] = nodes as [PresenceNode, PresenceNode];
      await Promise.all(users.slice(0, 100).map((userId) => a.store.connect(connectionOf(userId), defaultSettings)));
      const { states, moment } = await b.store.read(users);
      expect(states.map(({ userId }) => userId)).toEqual(users);
      expect(states.filter(({ availability }) => availability === 'ONLINE').map(({ userId }) => userId)).toEqual(users.slice(0, 100));
      expect(new Set(moment.offsets.keys())).toEqual(new Set(users.map((id) => shardOf(id))));
    });

    it('renew leases of many shards at once, and name those that are unknown in the order given', async () => {
      const users = Array.from({ length: 500 }, (_, index) => `user-${index}`);
      const { nodes, advance } = await start(2, users);
      const [a, b] = nodes as [PresenceNode, PresenceNode];
      await Promise.all(users.map((userId) => a.store.connect(connectionOf(userId), defaultSettings)));
      await advance(44_000);
      const strangers = [connectionOf('ada', 'x'), connectionOf('user-7', 'x')];
      const unknown = await b.store.renew([...users.map((userId) => connectionOf(userId)), ...strangers]);
      expect(new Set(unknown)).toEqual(new Set(strangers));
      await advance(44_000);
      const { states } = await a.store.read(users);
      expect(states.every(({ availability }) => availability === 'ONLINE')).toBe(true);
    });

    it('forget users 30 days after they were last heard of, and let no version go back by it', async () => {
      const { nodes, advance, jump, redis } = await start(2);
      const [a, b] = nodes as [PresenceNode, PresenceNode];
      for (let round = 0; round < 3; round += 1) {
        await a.store.connect(connectionOf('ada'), defaultSettings);
        await a.store.leave(connectionOf('ada'), 0);
      }
      const [before] = (await a.store.read(['ada'])).states;
      jump(30 * 24 * 3_600_000 - 1);
      await advance(1_000);
      expect(await redis.keys('*:users')).toHaveLength(1);
      // An outage that long is followed by an amnesty.
      await advance(21_000);
      expect(await redis.keys('*:users')).toHaveLength(0);
      await advance(2_000);
      const { states } = await b.store.read(['ada', 'bob', 'eve']);
      expect(new Set(states.map(({ versions }) => JSON.stringify(versions))).size).toBe(1);
      expect(states[0]?.versions.stranger).toBeGreaterThanOrEqual(before?.versions.stranger ?? Infinity);
      expect(states[0]?.versions.own).toBeGreaterThanOrEqual(before?.versions.own ?? Infinity);
    });

    it('end leases in time although the clock of Redis is set back', async () => {
      const { nodes, advance, jump } = await start(1);
      const [{ store }] = nodes as [PresenceNode];
      await store.connect(connectionOf('ada'), defaultSettings);
      await advance(10_000);
      jump(-3_600_000);
      await advance(34_000);
      expect((await store.read(['ada'])).states[0]?.availability).toBe('ONLINE');
      await advance(2_000);
      expect((await store.read(['ada'])).states[0]?.availability).toBe('OFFLINE');
    });

    it('go on when Redis has forgotten the scripts', async () => {
      const { nodes, redis } = await start(1);
      const [{ store }] = nodes as [PresenceNode];
      await redis.script('FLUSH');
      await Promise.all([
        store.connect(connectionOf('ada'), defaultSettings),
        store.connect(connectionOf('bob'), defaultSettings),
        store.renew([connectionOf('eve')]),
      ]);
      await redis.script('FLUSH');
      const { states } = await store.read(['ada', 'bob', 'eve']);
      expect(states.map(({ availability }) => availability)).toEqual(['ONLINE', 'ONLINE', 'OFFLINE']);
    });
  });
}
