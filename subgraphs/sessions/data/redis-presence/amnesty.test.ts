import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { startRedis } from '../../../../tests/testkit/services/redis.js';
import { orSkip } from '../../../../tests/testkit/services/services.js';
import { defaultSettings, type ConnectionKey } from '../../presence/presence.js';
import { startPresenceNodes, type PresenceNode, type PresenceNodes } from './presence-nodes.conformance.js';
import { openRedisLink } from './redis-link.js';
import { amnestyMs, outageMs } from './shard-script.js';

const server = orSkip('redis-server', await startRedis());
afterAll(() => server?.stop());

const phone: ConnectionKey = { userId: 'ada', sessionId: 'phone', connectionId: 'a' };
const bob: ConnectionKey = { userId: 'bob', sessionId: 'phone', connectionId: 'a' };

async function availability({ store }: PresenceNode): Promise<string | undefined> {
  return (await store.read(['ada'])).states[0]?.availability;
}

if (server !== null) {
  let all: PresenceNodes | undefined;
  afterEach(() => all?.close());

  async function start(count = 1): Promise<PresenceNodes & { readonly a: PresenceNode; readonly b: PresenceNode }> {
    all = await startPresenceNodes(server?.url ?? '', count);
    const [a, b = a] = all.nodes as [PresenceNode, PresenceNode?];
    return { ...all, a, b };
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

    it('lets no lease run out for 20 s when another server answers, which may have missed renewals', async () => {
      let name = 'primary';
      const openLink: typeof openRedisLink = (options) => ({ ...openRedisLink(options), serverId: () => Promise.resolve(name) });
      all = await startPresenceNodes(server.url, 1, ['ada'], openLink);
      const [a] = all.nodes as [PresenceNode];
      await a.store.connect(phone, defaultSettings);
      await all.advance(44_000);
      name = 'replica';
      await all.advance(amnestyMs - 1_000);
      expect([a.losses, await availability(a)]).toEqual([1, 'ONLINE']);
      await all.advance(2_500);
      expect([a.losses, await availability(a)]).toEqual([1, 'OFFLINE']);
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
}
