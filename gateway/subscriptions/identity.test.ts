import { afterEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import {
  startLittleSupergraph,
  type LittleOptions,
  type LittleSupergraph,
  type Way,
} from '../../tests/testkit/gateway/little-supergraph.js';
import { until } from '../../tests/testkit/until.js';
import { openInitialisedSocket, openSocket, type Socket } from '../../tests/testkit/gateway/socket.js';

const ways: readonly Way[] = ['in-process', 'http', 'http-plain'];
const whoAmI = 'subscription { ticks { n user { tokenSeen } } }';
const subscribe = (id: string, query = whoAmI, extensions?: object) => ({ id, type: 'subscribe', payload: { query, extensions } });

describe.each(ways)('Whose a subscription is, %s', (way) => {
  let little: LittleSupergraph;
  afterEach(() => little.close());

  async function start(options?: LittleOptions): Promise<void> {
    little = await startLittleSupergraph(way, options);
  }

  async function subscribed(name: string, query = whoAmI): Promise<Socket> {
    const before = little.feed.listeners();
    const socket = await openInitialisedSocket(little.origin, name);
    socket.send(subscribe('same id', query));
    await until(() => little.feed.listeners() > before, 'the subscription');
    return socket;
  }

  const tokensOfFeed = () => little.received.filter(({ subgraph }) => subgraph === 'feed').map(({ headers }) => headers.authorization);

  it('SECURITY 45: never crosses 100 callers that come, go and come back as others', async () => {
    // 100 requests at once take a busy machine longer than the little subgraphs have; UNAVAILABLE is right then, and not what is asked here.
    await start({ subgraphTimeoutMs: 20_000 });
    for (let round = 0; round < 3; round++) {
      little.received.length = 0;
      const names = Array.from({ length: 100 }, (_, n) => `user ${round}.${n}`);
      const sockets = await Promise.all(names.map((name) => openInitialisedSocket(little.origin, name)));
      for (const socket of sockets) socket.send(subscribe('same id'));
      // In the middle of it a third leaves, and is back under the same id.
      for (const [n, socket] of sockets.entries()) {
        if (n % 3 !== 0) continue;
        socket.send({ type: 'complete', id: 'same id' });
        socket.send(subscribe('same id'));
      }
      await until(() => little.sockets.stats().operations === 100 && little.feed.listeners() === 100, '100 subscriptions');
      expect(new Set(tokensOfFeed())).toEqual(new Set(names.map((name) => `Bearer ${name}`)));
      // Again and again: while some have not left yet and as many have not come back, the numbers above are right as well.
      const publishing = setInterval(() => little.feed.publish({ n: round, user: { id: '1' } }), 100);
      const told = await Promise.all(sockets.map((socket) => socket.next())).finally(() => clearInterval(publishing));
      for (const [n, socket] of sockets.entries()) {
        expect(told[n]?.payload).toEqual({ data: { ticks: { n: round, user: { tokenSeen: `Bearer ${String(names[n])}` } } } });
        socket.ws.close();
      }
      await until(() => little.feed.listeners() === 0, 'all to leave');
    }
  });

  it('SECURITY 45: is nothing that a client can say in extensions or in the payload of connection_init', async () => {
    await start();
    const forged = { headers: { authorization: 'Bearer bob', 'x-user-id': 'bob' }, window: 8 };
    const socket = await openSocket(little.origin);
    socket.send({ type: 'connection_init', payload: { authorization: 'Bearer alice', sharedSocket: 1, 'x-user-id': 'bob', ...forged } });
    expect(await socket.next()).toEqual({ type: 'connection_ack' });
    socket.send(subscribe('1', whoAmI, { sharedSocket: forged, headers: forged.headers }));
    await until(() => little.feed.listeners() === 1, 'the subscription');
    little.feed.publish({ n: 1, user: { id: '1' } });
    expect((await socket.next()).payload).toEqual({ data: { ticks: { n: 1, user: { tokenSeen: 'Bearer alice' } } } });
    expect(new Set(little.received.map(({ headers }) => headers.authorization))).toEqual(new Set(['Bearer alice']));
    expect(little.received.every(({ headers }) => headers['x-user-id'] === undefined)).toBe(true);
    socket.ws.close();
  });

  it('SECURITY 40: ends with the revocation of one session, and nobody else notices', async () => {
    await start();
    const [alice, bob] = [await subscribed('alice'), await subscribed('bob')];
    little.revocations.revoke({ sessionId: 'session of alice', endedAt: Date.now() });
    expect((await alice.closed()).code).toBe(4403);
    await until(() => little.feed.leaves.length === 1 && little.feed.listeners() === 1, 'the subgraph to know');
    expect(little.feed.leaves).toEqual([{ code: 4403 }]);
    little.feed.publish({ n: 1, user: { id: '1' } });
    expect((await bob.next()).payload).toMatchObject({ data: { ticks: { user: { tokenSeen: 'Bearer bob' } } } });
    bob.ws.close();
  });

  it('P10: ends with the expiry of one token, and nobody else notices', async () => {
    await start({ expiresAt: Date.now() + 2_000 });
    const [short, bob] = [await subscribed('short'), await subscribed('bob')];
    expect((await short.closed()).code).toBe(4403);
    await until(() => little.feed.leaves.length === 1 && little.feed.listeners() === 1, 'the subgraph to know');
    expect(little.feed.leaves).toEqual([{ code: 4403 }]);
    expect(bob.ws.readyState).toBe(WebSocket.OPEN);
    bob.ws.close();
  });

  it('SECURITY 45: is refused for one caller without disturbing the others', async () => {
    await start();
    const bob = await subscribed('bob');
    const refused = await openInitialisedSocket(little.origin, 'refused-later');
    refused.send(subscribe('1'));
    expect(JSON.stringify(await refused.next())).toContain('UNAUTHENTICATED');
    little.feed.publish({ n: 1, user: { id: '1' } });
    expect((await bob.next()).payload).toMatchObject({ data: { ticks: { user: { tokenSeen: 'Bearer bob' } } } });
    for (const socket of [bob, refused]) socket.ws.close();
  });

  it('P9: a client that does not read holds nobody back but itself, and little is kept for it', async () => {
    await start({ limits: { stallTimeoutMs: 60_000 } });
    const bob = await subscribed('bob', 'subscription { ticks { n } }');
    const slow = await openInitialisedSocket(little.origin, 'slow');
    slow.ws.pause();
    for (let n = 0; n < 5; n++) slow.send(subscribe(String(n), 'subscription { flood(size: 50000) { n text } }'));
    let made = -1;
    await until(() => {
      const isStill = little.feed.floods > 20 && little.feed.floods === made;
      made = little.feed.floods;
      return isStill;
    }, 'the flood to be held back');
    for (let n = 1; n <= 50; n++) {
      little.feed.publish({ n });
      expect((await bob.next(2_000)).payload).toEqual({ data: { ticks: { n } } });
    }
    // What the buffers of the operating system take, of one socket or of one for each operation, and a window of each operation.
    const megabytes = way === 'http-plain' ? 160 : 40;
    expect(little.feed.floods * 50_000).toBeLessThan(megabytes * 1024 * 1024);
    slow.ws.terminate();
    bob.ws.close();
    await until(() => little.sockets.stats().operations === 0, 'all to end');
  });
});
