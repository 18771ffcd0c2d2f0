import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startLittleSupergraph, type LittleSupergraph, type Way } from '../../tests/testkit/gateway/little-supergraph.js';
import { until } from '../../tests/testkit/until.js';
import { openInitialisedSocket, type Socket } from '../../tests/testkit/gateway/socket.js';

const ways: readonly Way[] = ['in-process', 'http'];

describe.each(ways)('An event for several subscribers, %s', (way) => {
  let little: LittleSupergraph;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    little = await startLittleSupergraph(way);
  });
  afterAll(() => little.close());
  beforeEach(async () => {
    for (const socket of sockets.splice(0)) socket.ws.close();
    await until(() => little.feed.listeners() === 0, 'subscriptions of the test before to end');
    little.received.length = 0;
  });

  /** One socket for each viewer; null has no token. */
  async function subscribed(viewers: readonly (string | null)[], query: string, id = 'same'): Promise<readonly Socket[]> {
    const before = little.feed.listeners();
    const opened = await Promise.all(viewers.map((viewer) => openInitialisedSocket(little.origin, viewer ?? undefined)));
    sockets.push(...opened);
    for (const socket of opened) socket.send({ id, type: 'subscribe', payload: { query } });
    await until(() => little.feed.listeners() === before + viewers.length, 'the subscriptions');
    // Past the first event, which is shared from the second one on who gets it.
    little.feed.publish({ user: null });
    await next(opened);
    little.received.length = 0;
    return opened;
  }

  const next = (opened: readonly Socket[]) => Promise.all(opened.map((socket) => socket.next()));
  const fetches = () => little.received.map(({ subgraph, headers }) => `${subgraph} for ${headers.authorization ?? 'everyone'}`).sort();

  it('P8: is completed once for 100 viewers of equal rights, signed in or not', async () => {
    const viewers = [...Array.from({ length: 99 }, (_, index) => `viewer-${index}`), null];
    const opened = await subscribed(viewers, 'subscription { ticks { n user { name stars bestFriend { name } } } }');
    for (const n of [1, 2]) {
      little.feed.publish({ n, user: { id: '7' } });
      const frame = {
        id: 'same',
        type: 'next',
        payload: { data: { ticks: { n, user: { name: 'User 7', stars: 70, bestFriend: { name: 'User 8' } } } } },
      };
      expect(await next(opened)).toEqual(viewers.map(() => frame));
      expect(fetches()).toEqual(['accounts for everyone', 'accounts for everyone', 'reviews for everyone']);
      little.received.length = 0;
    }
  });

  it('P8: shows a secret to the friend alone, and is everyone’s when it is no secret', async () => {
    const opened = await subscribed(['friend', 'stranger', 'friend', 'other'], 'subscription { ticks { user { name secret } } }');
    little.feed.publish({ user: { id: '7' } });
    expect((await next(opened)).map(({ payload }) => payload?.data?.ticks?.user?.secret)).toEqual([
      'secret of 7',
      null,
      'secret of 7',
      null,
    ]);
    expect(fetches()).toEqual([
      'accounts for Bearer friend',
      'accounts for Bearer friend',
      'accounts for Bearer other',
      'accounts for Bearer stranger',
      'accounts for everyone',
    ]);
    little.received.length = 0;
    little.feed.publish({ user: { id: '8' } });
    expect((await next(opened)).map(({ payload }) => payload?.data?.ticks?.user?.secret)).toEqual(Array(4).fill('secret of 8'));
    expect(fetches()).toEqual(['accounts for everyone']);
  });

  it('P8: names every viewer their own token where a subgraph does not say that the answer is everyone’s', async () => {
    const opened = await subscribed(['ada', 'bob', null], 'subscription { ticks { user { name tokenSeen } } }');
    little.feed.publish({ user: { id: '7' } });
    expect((await next(opened)).map(({ payload }) => payload?.data?.ticks?.user?.tokenSeen)).toEqual(['Bearer ada', 'Bearer bob', null]);
  });

  it('P8: tells each of an error in their own name', async () => {
    const opened = await subscribed(['ada', 'bob'], 'subscription { ticks { user { stars refused } } }');
    little.feed.publish({ user: { id: '7' } });
    for (const { payload } of await next(opened)) {
      expect(payload).toMatchObject({
        data: { ticks: { user: { stars: 70, refused: null } } },
        errors: [{ extensions: { code: 'FORBIDDEN' } }],
      });
    }
    expect(fetches()).toEqual(['reviews for Bearer ada', 'reviews for Bearer bob', 'reviews for everyone']);
  });

  it('keeps the order of events, shared or not, and completes after the last one', async () => {
    const opened = await subscribed(['friend', 'stranger', 'other'], 'subscription { ticks { n user { secret } } }');
    for (let n = 0; n < 100; n++) little.feed.publish({ n, user: n % 3 === 0 ? null : { id: String(n) } });
    for (let n = 0; n < 100; n++) {
      expect((await next(opened)).map(({ payload }) => payload?.data?.ticks?.n)).toEqual([n, n, n]);
    }
    little.feed.complete();
    expect(await next(opened)).toEqual(opened.map(() => ({ id: 'same', type: 'complete' })));
  });

  it('holds back two that do not read, and closes them with 1013', async () => {
    const slow = await startLittleSupergraph(way, { limits: { stallTimeoutMs: 300 } });
    const opened = await Promise.all(['ada', 'bob'].map((viewer) => openInitialisedSocket(slow.origin, viewer)));
    for (const socket of opened) {
      socket.ws.pause();
      socket.send({ id: '1', type: 'subscribe', payload: { query: 'subscription { flood(size: 20000) { n text } }' } });
    }
    await until(() => slow.sockets.stats().operations === 2, 'the floods to begin');
    await until(() => slow.sockets.stats().operations === 0, 'the floods to end', 15_000);
    expect(slow.feed.floods * 20_000).toBeLessThan(80 * 1024 * 1024);
    for (const socket of opened) {
      socket.ws.resume();
      expect((await socket.closed()).code).toBe(1013);
    }
    await slow.close();
  });

  it('goes on for the others when one completes, and not at all for that one', async () => {
    const opened = await subscribed(['ada', 'bob', 'cy'], 'subscription { ticks { n } }', 'an "id" of Ωne');
    opened[0]?.send({ id: 'an "id" of Ωne', type: 'complete' });
    await until(() => little.feed.listeners() === 2, 'one to end');
    little.feed.publish({ n: 1 });
    const frame = { id: 'an "id" of Ωne', type: 'next', payload: { data: { ticks: { n: 1 } } } };
    expect(await next(opened.slice(1))).toEqual([frame, frame]);
    expect(opened[0]?.pending()).toEqual([]);
  });

  it('P8: is still made for everyone when the one who began leaves in the middle', async () => {
    const opened = await subscribed(['ada', 'bob', 'cy'], 'subscription { ticks { n user { stars } } }');
    little.feed.publish({ n: 1, user: { id: '7' } });
    opened[0]?.ws.terminate();
    const frame = { id: 'same', type: 'next', payload: { data: { ticks: { n: 1, user: { stars: 70 } } } } };
    expect(await next(opened.slice(1))).toEqual([frame, frame]);
  });
});
