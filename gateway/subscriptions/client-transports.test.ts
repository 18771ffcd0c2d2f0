import { afterEach, describe, expect, it } from '@jest/globals';
import { openDoors, type Doors } from '../../tests/testkit/gateway/doors.js';
import { startLittleSupergraph, type LittleSupergraph, type Way } from '../../tests/testkit/gateway/little-supergraph.js';
import { until } from '../../tests/testkit/until.js';
import { liveTransports, openLiveClient, type LiveClient, type LiveOperation } from '../../tests/testkit/gateway/live-client.js';
import { defaultWebSocketLimits, type WebSocketLimits } from './limits.js';

const ticks = 'subscription { ticks { n } }';
/** What a socket says by its close code, a stream says by its last error. */
const said = { 4403: 'UNAUTHENTICATED', 1012: 'UNAVAILABLE', 1013: 'UNAVAILABLE' } as const;

describe.each(liveTransports)('Clients over %s', (transport) => {
  let doors: Doors;
  let little: LittleSupergraph;
  const clients: LiveClient[] = [];
  afterEach(async () => {
    for (const client of clients.splice(0)) client.vanish();
    await doors.close();
    await little.close();
  });

  async function start({ way = 'in-process', limits }: { way?: Way; limits?: Partial<WebSocketLimits> } = {}): Promise<void> {
    little = await startLittleSupergraph(way);
    doors = await openDoors(
      undefined,
      little,
      limits === undefined ? {} : { limits: { sockets: { ...defaultWebSocketLimits, ...limits } } },
    );
  }

  async function open(operation: LiveOperation | string, over = transport): Promise<LiveClient> {
    const client = await openLiveClient(over, doors.url, typeof operation === 'string' ? { query: operation } : operation);
    clients.push(client);
    return client;
  }

  async function subscribed(operation: LiveOperation | string = ticks): Promise<LiveClient> {
    const before = little.feed.listeners();
    const client = await open(operation);
    await until(() => little.feed.listeners() === before + 1, 'the subscription');
    return client;
  }

  const endsWith = (code: keyof typeof said) => (transport === 'WebSocket' ? code : said[code]);

  it.each([
    ['{', 'GRAPHQL_PARSE_FAILED'],
    ['subscription { nope }', 'GRAPHQL_VALIDATION_FAILED'],
    [`subscription { ticks { ${Array.from({ length: 31 }, (_, n) => `a${n}: n`).join(' ')} } }`, 'OPERATION_TOO_COMPLEX'],
    ['subscription { refused { n } }', 'FORBIDDEN'],
    ['subscription { broken { n } }', 'INTERNAL_SERVER_ERROR'],
  ])('SECURITY 38: %s is refused with a code, and with the id of the request', async (query, code) => {
    await start();
    const client = await open(query);
    const answer = await client.next();
    expect(answer).toMatchObject({ errors: [{ extensions: { code, requestId: expect.any(String) } }] });
    expect(JSON.stringify(answer)).not.toContain('hunter2');
  });

  it('SECURITY 40: a bad token is UNAUTHENTICATED before anything runs', async () => {
    await start();
    const client = await open({ query: ticks, token: 'bad' });
    expect(await client.ended()).toBe(transport === 'WebSocket' ? 4403 : 401);
    expect(little.feed.listeners()).toBe(0);
  });

  it('SECURITY 40: the end of a session ends its operations at once, tells why, and nobody else notices', async () => {
    await start();
    const [alice, bob] = [await subscribed({ query: ticks, token: 'alice' }), await subscribed({ query: ticks, token: 'bob' })];
    little.revocations.revoke({ sessionId: 'alice', endedAt: Date.now() });
    expect(await alice.ended()).toBe(endsWith(4403));
    expect(little.feed.leaves).toEqual([{ code: 4403 }]);
    little.feed.publish({ n: 1 });
    expect(await bob.next()).toEqual({ data: { ticks: { n: 1 } } });
    const late = await open({ query: ticks, token: 'alice' });
    expect(await late.ended()).toBe(endsWith(4403));
  });

  it('SECURITY 40: so does the expiry of a token, and the revocation of a key', async () => {
    await start();
    const [short, alice] = [await subscribed({ query: ticks, token: 'short' }), await subscribed({ query: ticks, token: 'alice' })];
    expect(await short.ended()).toBe(endsWith(4403));
    expect(little.feed.listeners()).toBe(1);
    little.revocations.revokeKey('leaked');
    expect(await alice.ended()).toBe(endsWith(4403));
  });

  it('get results from all subgraphs in the order of the events, and are told when there are no more', async () => {
    await start();
    const client = await subscribed('subscription { ticks { n text user { id name stars } } }');
    const text = 'one\ntwo\r\n\r\n--graphql\r\n\u2028é"\\';
    for (const n of [1, 2, 3]) little.feed.publish({ n, text, user: { id: String(n) } });
    for (const n of [1, 2, 3]) {
      expect(await client.next()).toEqual({ data: { ticks: { n, text, user: { id: String(n), name: `User ${n}`, stars: n * 10 } } } });
    }
    little.feed.complete();
    expect(await client.ended()).toBe('complete');
    expect(little.sockets.stats().operations).toBe(0);
  });

  it('are told errors beside data, masked, and go on', async () => {
    await start();
    const client = await subscribed('subscription { ticks { n user { faulty refused } } }');
    for (const n of [1, 2]) {
      little.feed.publish({ n, user: { id: '1' } });
      const answer = await client.next();
      expect(answer).toMatchObject({ data: { ticks: { n, user: { faulty: null, refused: null } } } });
      expect(JSON.stringify(answer)).toContain('FORBIDDEN');
      expect(JSON.stringify(answer)).not.toContain('hunter2');
    }
  });

  it('are refused a subscription whose events have deferred fragments, unless a condition may switch it off: then events come at once', async () => {
    await start();
    const refused = await open('subscription { ticks { n user { ... @defer { name stars } } } }');
    expect(await refused.next()).toMatchObject({ errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] });
    const query = 'subscription ($if: Boolean!) { ticks { n user { ... @defer(if: $if) { name stars } } } }';
    const both = [await subscribed({ query, variables: { if: true } }), await subscribed({ query, variables: { if: false } })];
    little.feed.publish({ n: 1, user: { id: '1' } });
    for (const each of both) expect(await each.next()).toEqual({ data: { ticks: { n: 1, user: { name: 'User 1', stars: 10 } } } });
  });

  it('may ask queries and mutations as well', async () => {
    await start();
    expect(await (await open('{ user(id: 1) { name stars } }')).next()).toEqual({ data: { user: { name: 'User 1', stars: 10 } } });
    expect(await (await open('mutation { greet(name: "Ada") }')).next()).toEqual({ data: { greet: 'Hello Ada' } });
  });

  it('SECURITY 35: that vanish are left upstream at once, as such who may come back', async () => {
    await start();
    const client = await subscribed();
    client.vanish();
    await until(() => little.feed.listeners() === 0, 'the subgraph to know');
    expect(little.feed.leaves).toEqual([{ code: 1006 }]);
  });

  it('P9, SECURITY 41: that do not read hold nobody back, little is kept for them, and in the end they are cut off', async () => {
    await start({ limits: { stallTimeoutMs: 600, closeTimeoutMs: 100 } });
    const bob = await subscribed();
    const slow = await open('subscription { flood(size: 50000) { n text } }');
    slow.stall();
    await until(() => little.feed.floods > 20, 'the flood');
    for (let n = 1; n <= 5; n++) {
      little.feed.publish({ n });
      expect(await bob.next()).toEqual({ data: { ticks: { n } } });
    }
    // An event at once, whoever is slow. What the buffers of the operating system take is not ours.
    let made = -1;
    await until(() => {
      const isStill = little.feed.floods === made;
      made = little.feed.floods;
      return isStill;
    }, 'the flood to be held back');
    expect(little.feed.floods * 50_000).toBeLessThan(40 * 1024 * 1024);
    await until(() => little.feed.listeners() === 1, 'the slow one to be cut off');
    little.feed.publish({ n: 6 });
    expect(await bob.next()).toEqual({ data: { ticks: { n: 6 } } });
  });

  it('go on with the supergraph that replaces theirs', async () => {
    await start();
    const client = await subscribed('subscription { ticks { n user { stars } } }');
    await little.replaceSupergraph((sdl) => `${sdl}\n# new`);
    little.feed.publish({ n: 1, user: { id: '1' } });
    expect(await client.next()).toEqual({ data: { ticks: { n: 1, user: { stars: 10 } } } });
    expect(little.feed.leaves).toEqual([]);
  });

  it('are told to come back when the new supergraph does not know their operation', async () => {
    await start();
    const client = await subscribed('subscription { ticks { n text } }');
    await little.replaceSupergraph((sdl) => sdl.replace(/(type Tick[^{]*\{\s*n: Int)\s*text: String/, '$1'));
    expect(await client.ended()).toBe(endsWith(1012));
    expect(little.feed.leaves).toEqual([{ code: 1012 }]);
  });

  it('are told to come back when their subgraph is gone', async () => {
    await start({ way: 'http' });
    const client = await subscribed();
    await little.stopSubgraphs();
    expect(await client.ended()).toBe(endsWith(1012));
  });

  it('are told to come back when the gateway ends', async () => {
    await start();
    const client = await subscribed();
    const closed = doors.close();
    expect(await client.ended()).toBe(endsWith(1012));
    await closed;
    doors = await openDoors(undefined, little);
  });

  it('SECURITY 39: have at most so many connections of one user, over whatever they come', async () => {
    await start({ limits: { maxSocketsPerUser: 3 } });
    const mine: LiveClient[] = [];
    for (const each of liveTransports) mine.push(await open({ query: ticks, token: 'alice' }, each));
    await until(() => little.feed.listeners() === 3, 'three subscriptions');
    const fourth = await open({ query: ticks, token: 'alice' });
    expect(await fourth.ended()).toBe(transport === 'WebSocket' ? 4429 : 429);
    await subscribed({ query: ticks, token: 'bob' });
    mine[1]?.vanish();
    await until(() => little.feed.listeners() === 3, 'one to leave');
    await subscribed({ query: ticks, token: 'alice' });
  });

  it('SECURITY 39: are at most so many in all, over whatever they come', async () => {
    await start({ limits: { maxSockets: 3 } });
    const all: LiveClient[] = [];
    for (const each of liveTransports) all.push(await open(ticks, each));
    await until(() => little.feed.listeners() === 3, 'three subscriptions');
    const fourth = open(ticks).then((client) => client.ended());
    if (transport === 'WebSocket') await expect(fourth).rejects.toThrow('503');
    else expect(await fourth).toBe(503);
    all[1]?.vanish();
    await until(() => little.feed.listeners() === 2, 'one to leave');
    await subscribed();
  });

  it('SECURITY 39: run at most so many operations in all, over whatever they come', async () => {
    await start({ limits: { maxOperations: 3 } });
    const all: LiveClient[] = [];
    for (const each of liveTransports) {
      all.push(await open(ticks, each));
      await until(() => little.feed.listeners() === all.length, 'the subscription');
    }
    expect(await (await open(ticks)).next()).toMatchObject({ errors: [{ extensions: { code: 'UNAVAILABLE' } }] });
    all[1]?.vanish();
    await until(() => little.feed.listeners() === 2, 'one to leave');
    await subscribed();
  });
});
