import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startLittleSupergraph, type LittleSupergraph, type Way } from '../../tests/testkit/gateway/little-supergraph.js';
import { until } from '../../tests/testkit/until.js';
import { openInitialisedSocket, type Socket } from '../../tests/testkit/gateway/socket.js';

const ways: readonly Way[] = ['in-process', 'http'];

describe.each(ways)('A federated subscription, %s', (way) => {
  let little: LittleSupergraph;
  beforeAll(async () => {
    little = await startLittleSupergraph(way);
  });
  afterAll(() => little.close());
  beforeEach(() => until(() => little.feed.listeners() === 0, 'subscriptions of the test before to end'));

  async function subscribed(query: string, variables: object = {}): Promise<Socket> {
    const socket = await openInitialisedSocket(little.origin, 'alice');
    socket.send({ id: '1', type: 'subscribe', payload: { query, variables } });
    await until(() => little.feed.listeners() > 0 || socket.pending().length > 0, 'the subscription');
    return socket;
  }

  async function eventOf(query: string, field: 'ticks' | 'feed', message: unknown, variables: object = {}) {
    const socket = await subscribed(query, variables);
    little.feed.publish(message);
    const frame = await socket.next();
    socket.ws.close();
    expect(frame).toMatchObject({ id: '1', type: 'next' });
    expect(field).toBeDefined();
    return frame.payload;
  }

  it('completes each event from all subgraphs', async () => {
    const payload = await eventOf('subscription { ticks { n user { id name stars bestFriend { name stars } } } }', 'ticks', {
      n: 1,
      user: { id: '7' },
    });
    expect(payload).toEqual({
      data: { ticks: { n: 1, user: { id: '7', name: 'User 7', stars: 70, bestFriend: { name: 'User 8', stars: 80 } } } },
    });
  });

  it('keeps aliases, fragments, arguments and the order of fields', async () => {
    const payload = await eventOf(
      'subscription S($loud: Boolean) { event: ticks { who: user { ...Named again: name } number: n } } fragment Named on User { shout: name(loud: $loud) }',
      'ticks',
      { n: 2, user: { id: '3' } },
      { loud: true },
    );
    expect(JSON.stringify(payload)).toBe('{"data":{"event":{"who":{"shout":"USER 3!","again":"User 3"},"number":2}}}');
  });

  it.each([
    [true, { n: 1, user: { stars: 10 } }],
    [false, { n: 1, user: { name: 'User 1' } }],
  ])('follows @include and @skip with a variable of %s below the root', async (flag, tick) => {
    const payload = await eventOf(
      'subscription S($flag: Boolean!) { ticks { n user { stars @include(if: $flag) name @skip(if: $flag) } } }',
      'ticks',
      { n: 1, user: { id: '1' } },
      { flag },
    );
    expect(payload).toEqual({ data: { ticks: tick } });
  });

  it('resolves a union root with interfaces and nested lists', async () => {
    const query = `subscription {
      feed(topic: "all") {
        __typename
        ... on Snapshot { cursor entries { __typename at user { name stars } ... on Online { game } ... on Offline { since } } matrix { id stars } }
        ... on Changed { entry { game user { name } } }
      }
    }`;
    const socket = await subscribed(query);
    little.feed.publish({
      cursor: 'c1',
      entries: [
        { user: { id: '1' }, at: 5, game: 'chess' },
        { user: { id: '2' }, at: 6, since: 4 },
      ],
      matrix: [[{ id: '1' }, null], null, [], [{ id: '2' }]],
    });
    little.feed.publish({ cursor: 'c2', entry: { user: { id: '3' }, at: 7, game: 'go' } });
    expect((await socket.next()).payload).toEqual({
      data: {
        feed: {
          __typename: 'Snapshot',
          cursor: 'c1',
          entries: [
            { __typename: 'Online', at: 5, user: { name: 'User 1', stars: 10 }, game: 'chess' },
            { __typename: 'Offline', at: 6, user: { name: 'User 2', stars: 20 }, since: 4 },
          ],
          matrix: [[{ id: '1', stars: 10 }, null], null, [], [{ id: '2', stars: 20 }]],
        },
      },
    });
    expect((await socket.next()).payload).toEqual({
      data: { feed: { __typename: 'Changed', entry: { game: 'go', user: { name: 'User 3' } } } },
    });
    socket.ws.close();
  });

  it('sends the token of the caller with every entity fetch of every event', async () => {
    const socket = await subscribed('subscription { ticks { user { tokenSeen stars } } }');
    little.received.length = 0;
    for (const id of ['1', '2', '3']) {
      little.feed.publish({ user: { id } });
      expect((await socket.next()).payload).toMatchObject({ data: { ticks: { user: { tokenSeen: 'Bearer alice' } } } });
    }
    socket.ws.close();
    expect(little.received.map(({ subgraph }) => subgraph).sort()).toEqual([
      'accounts',
      'accounts',
      'accounts',
      'reviews',
      'reviews',
      'reviews',
    ]);
    expect(new Set(little.received.map(({ headers }) => headers.authorization))).toEqual(new Set(['Bearer alice']));
  });

  it('reports refusals of other subgraphs with their path, and masks faults', async () => {
    const payload = await eventOf('subscription { feed { ... on Snapshot { entries { user { refused faulty } } } } }', 'feed', {
      entries: [{ user: { id: '1' } }],
    });
    expect(payload).toMatchObject({ data: { feed: { entries: [{ user: { refused: null, faulty: null } }] } } });
    expect(payload?.errors).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          message: 'Not yours.',
          path: ['feed', 'entries', 0, 'user', 'refused'],
          extensions: expect.objectContaining({ code: 'FORBIDDEN' }) as unknown,
        }),
        expect.objectContaining({
          path: ['feed', 'entries', 0, 'user', 'faulty'],
          extensions: expect.objectContaining({ code: 'INTERNAL_SERVER_ERROR' }) as unknown,
        }),
      ]),
    );
    expect(JSON.stringify(payload)).not.toMatch(/hunter2|reviews|127\.0\.0\.1/);
  });

  it('reports a null that the owner gives for a non-null root', async () => {
    const payload = await eventOf('subscription { ticks { n } }', 'ticks', null);
    expect(payload?.data).toBeNull();
    expect(payload?.errors).toHaveLength(1);
  });

  it('SECURITY 42: keeps response keys that objects inherit ordinary keys', async () => {
    const payload = await eventOf(
      'subscription { ticks { __proto__: n constructor: user { __proto__: name toString: stars hasOwnProperty: id } } }',
      'ticks',
      { n: 1, user: { id: '1' } },
    );
    expect(JSON.stringify(payload)).toBe(
      '{"data":{"ticks":{"__proto__":1,"constructor":{"__proto__":"User 1","toString":10,"hasOwnProperty":"1"}}}}',
    );
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });

  it.each([
    ['refused', 'FORBIDDEN', 'Not for you.'],
    ['broken', 'INTERNAL_SERVER_ERROR', /went wrong/],
  ])('answers one result with an error and ends when the resolver says %s', async (field, code, message) => {
    const socket = await subscribed(`subscription { ${field} { n } }`);
    const frame = await socket.next();
    expect(frame).toMatchObject({ id: '1', type: 'next', payload: { errors: [{ extensions: { code } }] } });
    expect(frame.payload?.errors?.[0]?.message).toMatch(message);
    expect(await socket.next()).toEqual({ id: '1', type: 'complete' });
    socket.ws.close();
  });

  it('completes when the subgraph completes, after everything before', async () => {
    const socket = await subscribed('subscription { ticks { n } }');
    for (const n of [1, 2, 3]) little.feed.publish({ n });
    await socket.next();
    await socket.next();
    await socket.next();
    little.feed.complete();
    expect(await socket.next()).toEqual({ id: '1', type: 'complete' });
    socket.ws.close();
  });

  it('keeps the order of events', async () => {
    const socket = await subscribed('subscription { ticks { n user { name } } }');
    for (let n = 0; n < 200; n++) little.feed.publish({ n, user: n % 2 === 0 ? { id: String(n) } : null });
    for (let n = 0; n < 200; n++) {
      expect((await socket.next()).payload).toMatchObject({ data: { ticks: { n } } });
    }
    socket.ws.close();
  });

  it('ends the operation with an error, not the process, when the source fails', async () => {
    const socket = await subscribed('subscription { ticks { n } }');
    little.feed.publish({ n: 1 });
    await socket.next();
    little.feed.fail(new Error('password of 10.0.0.7 is hunter2'));
    const frame = await socket.next();
    expect(frame.payload).toMatchObject({ errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }] });
    expect(await socket.next()).toEqual({ id: '1', type: 'complete' });
    socket.ws.close();
  });
});
