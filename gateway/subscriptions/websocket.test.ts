import { afterEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { GraphQLError } from 'graphql';
import { subscriptionLost } from '../../shared/graphql/subscriptions/subscription-lost.js';
import {
  startLittleSupergraph,
  type LittleOptions,
  type LittleSupergraph,
  type Way,
} from '../../tests/testkit/gateway/little-supergraph.js';
import { until } from '../../tests/testkit/until.js';
import { openInitialisedSocket, openSocket, type Socket } from '../../tests/testkit/gateway/socket.js';
import { createOperationPolicy } from '../policy/operation-policy.js';

const ways: readonly Way[] = ['in-process', 'http'];
const ticks = 'subscription { ticks { n } }';

describe.each(ways)('The WebSocket door, %s', (way) => {
  let little: LittleSupergraph;
  afterEach(() => little.close());

  async function start(options?: LittleOptions): Promise<void> {
    little = await startLittleSupergraph(way, options);
  }

  async function initialised(token = 'alice'): Promise<Socket> {
    return openInitialisedSocket(little.origin, token);
  }

  async function subscribed(id = '1'): Promise<Socket> {
    const before = little.feed.listeners();
    const socket = await initialised();
    socket.send({ id, type: 'subscribe', payload: { query: ticks } });
    await until(() => little.feed.listeners() > before, 'the subscription');
    return socket;
  }

  const quiet = () => until(() => little.feed.listeners() === 0 && little.sockets.stats().operations === 0, 'everything upstream to end');

  it('tells the subgraph how the client left', async () => {
    await start();
    const leaves = {
      complete: async () => {
        const socket = await subscribed();
        socket.send({ id: '1', type: 'complete' });
        await quiet();
        socket.ws.close();
      },
      close: async () => (await subscribed()).ws.close(),
      normal: async () => (await subscribed()).ws.close(1000),
      own: async () => (await subscribed()).ws.close(4000),
      away: async () => (await subscribed()).ws.close(1001),
      lost: async () => (await subscribed()).ws.terminate(),
      revoked: async () => {
        await subscribed();
        little.revocations.revoke({ sessionId: 'session of alice', endedAt: Date.now() });
      },
    };
    for (const [index, leave] of Object.values(leaves).entries()) {
      await leave();
      await until(() => little.feed.leaves.length === index + 1, 'the leave');
      await quiet();
    }
    expect(little.feed.leaves).toEqual([0, 1000, 1000, 4000, 1001, 1006, 4403].map((code) => ({ code })));
  });

  it('closes all with the given code at shutdown, and tells the subgraph', async () => {
    await start();
    const socket = await subscribed();
    await little.sockets.close(1012);
    expect(await socket.closed()).toMatchObject({ code: 1012 });
    await quiet();
    expect(little.feed.leaves).toEqual([{ code: 1012 }]);
    expect(little.sockets.stats()).toMatchObject({ sockets: 0, uninitialised: 0, operations: 0 });
  });

  it('leaves nothing behind after 1,000 quiet subscriptions that end, on one socket', async () => {
    await start();
    const socket = await initialised();
    for (let cycle = 0; cycle < 20; cycle++) {
      for (let n = 0; n < 50; n++) socket.send({ id: `${cycle}.${n}`, type: 'subscribe', payload: { query: ticks } });
      // Every other batch ends before its upstream has begun.
      if (cycle % 2 === 0) await until(() => little.feed.listeners() === 50, '50 subscriptions');
      for (let n = 0; n < 50; n++) socket.send({ id: `${cycle}.${n}`, type: 'complete' });
      await until(() => little.sockets.stats().operations === 0, 'the operations to end');
    }
    await quiet();
    expect(socket.pending()).toEqual([]);
    const handles = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap' || name === 'Timeout').length;
    const before = handles();
    const again = await subscribed();
    again.ws.close();
    await quiet();
    await until(() => handles() <= before, 'sockets and timers to go');
    socket.ws.close();
  });

  it('leaves nothing behind after 200 sockets that come and go in every way', async () => {
    await start();
    for (let round = 0; round < 10; round++) {
      const sockets = await Promise.all(Array.from({ length: 20 }, () => initialised(`user ${round}`)));
      for (const socket of sockets) socket.send({ id: '1', type: 'subscribe', payload: { query: ticks } });
      if (round % 2 === 0) await until(() => little.feed.listeners() === 20, '20 subscriptions');
      for (const [index, socket] of sockets.entries()) {
        if (index % 2 === 0) socket.ws.terminate();
        else socket.ws.close();
      }
      await quiet();
    }
    await until(() => little.sockets.stats().sockets === 0, 'the sockets to go');
  });

  it('lets an id be used again at once', async () => {
    await start();
    const socket = await initialised();
    for (let n = 0; n < 20; n++) {
      socket.send({ id: 'same', type: 'subscribe', payload: { query: ticks } });
      socket.send({ id: 'same', type: 'complete' });
    }
    socket.send({ id: 'same', type: 'subscribe', payload: { query: ticks } });
    // What is published first may still reach one that the subgraph has not ended yet.
    await until(() => {
      little.feed.publish({ n: 1 });
      return socket.pending().length > 0;
    }, 'an event');
    expect(await socket.next()).toEqual({ id: 'same', type: 'next', payload: { data: { ticks: { n: 1 } } } });
    socket.ws.close();
  });

  it('SECURITY 41: holds the source back for a client that does not read, and closes with 1013', async () => {
    await start({ limits: { stallTimeoutMs: 300 } });
    const socket = await initialised();
    socket.ws.pause();
    socket.send({ id: '1', type: 'subscribe', payload: { query: 'subscription { flood(size: 20000) { n text } }' } });
    await until(() => little.sockets.stats().operations === 1, 'the flood to begin');
    await until(() => little.sockets.stats().operations === 0, 'the flood to end', 15_000);
    const made = little.feed.floods;
    // What the buffers of the operating system and of the two sockets take, and no more.
    expect(made * 20_000).toBeLessThan(40 * 1024 * 1024);
    socket.ws.resume();
    expect((await socket.closed()).code).toBe(1013);
    await new Promise((resolve) => setImmediate(resolve));
    expect(little.feed.floods).toBeLessThanOrEqual(made + 64);
  });

  it('SECURITY 41: closes with 1013 a client that floods with pings and does not read the pongs', async () => {
    await start({ limits: { maxUnsentBytes: 10_000 } });
    const socket = await subscribed();
    socket.ws.pause();
    const ping = JSON.stringify({ type: 'ping', payload: { text: 'x'.repeat(200_000) } });
    for (let n = 0; n < 200 && socket.ws.readyState === WebSocket.OPEN; n++) socket.ws.send(ping);
    await until(() => little.sockets.stats().operations === 0, 'the socket to end', 10_000);
    socket.ws.resume();
    expect((await socket.closed()).code).toBe(1013);
  });

  it.each([
    ['at its end', () => little.feed.fail(subscriptionLost())],
    [
      'in an event',
      () =>
        little.feed.publish({
          get n() {
            throw subscriptionLost();
          },
        }),
    ],
  ])('P9: closes with 1013 when the subgraph says %s that the client is too slow, so that it comes back', async (_name, lose) => {
    await start();
    const socket = await subscribed();
    lose();
    expect((await socket.closed()).code).toBe(1013);
    expect(socket.pending()).toEqual([]);
    await quiet();
  });

  it('delivers everything to a client that reads late, but reads', async () => {
    await start();
    const socket = await initialised();
    socket.ws.pause();
    const fields = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((alias) => `${alias}: anything(value: $value)`).join(' ');
    const payload = { query: `query Q($value: Anything) { ${fields} }`, variables: { value: 'x'.repeat(200_000) } };
    for (let n = 0; n < 20; n++) socket.send({ id: String(n), type: 'subscribe', payload });
    await until(() => little.received.length === 20, 'the subgraph to have answered all');
    expect(little.sockets.stats().operations).toBeGreaterThan(0);
    socket.ws.resume();
    const completed = new Set<string | undefined>();
    while (completed.size < 20) {
      const frame = await socket.next();
      if (frame.type === 'complete') completed.add(frame.id);
    }
    socket.ws.close();
  });

  it.each([
    ['subscription S($v: Boolean!) { ticks @include(if: $v) { n } }', /The root field of a subscription cannot have/],
    ['subscription { ticks { n } feed { __typename } }', /only one top level field/i],
    ['subscription { a: ticks { n } b: ticks { n } }', /only one top level field/i],
    ['subscription { nowhere }', /Cannot query field/],
    ['subscription {', /Syntax Error/],
    ['query A { listeners } query B { listeners }', /operationName/],
    ['fragment F on Query { listeners }', /operation/],
  ])('SECURITY 43: refuses "%s" with an error and keeps the socket', async (query, message) => {
    await start();
    const socket = await initialised();
    socket.send({ id: '1', type: 'subscribe', payload: { query, variables: { v: true } } });
    const frame = await socket.next();
    expect(frame).toMatchObject({ id: '1', type: 'error' });
    expect(JSON.stringify(frame.payload)).toMatch(message);
    expect(JSON.stringify(frame.payload)).toMatch(/requestId/);
    socket.send({ id: '1', type: 'subscribe', payload: { query: '{ listeners }' } });
    expect(await socket.next()).toEqual({ id: '1', type: 'next', payload: { data: { listeners: 0 } } });
    socket.ws.close();
  });

  it('refuses wrong variables with BAD_USER_INPUT before anything runs', async () => {
    await start();
    const socket = await initialised();
    for (const query of [
      'subscription S($size: Int!) { flood(size: $size) { n } }',
      'query Q($size: Int!) { users(ids: [$size]) { id } }'.replace('$size: Int!', '$size: ID!'),
    ]) {
      socket.send({ id: '1', type: 'subscribe', payload: { query, variables: { size: { wrong: true } } } });
      expect(await socket.next()).toMatchObject({ id: '1', type: 'error', payload: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
    }
    socket.ws.close();
  });

  it('runs queries and mutations over several subgraphs', async () => {
    await start();
    const socket = await initialised();
    socket.send({
      id: 'q',
      type: 'subscribe',
      payload: { query: 'query Q { user(id: "4") { name stars tokenSeen } }', operationName: 'Q' },
    });
    expect(await socket.next()).toEqual({
      id: 'q',
      type: 'next',
      payload: { data: { user: { name: 'User 4', stars: 40, tokenSeen: 'Bearer alice' } } },
    });
    expect(await socket.next()).toEqual({ id: 'q', type: 'complete' });
    socket.send({ id: 'm', type: 'subscribe', payload: { query: 'mutation($n: String!) { greet(name: $n) }', variables: { n: 'you' } } });
    expect(await socket.next()).toEqual({ id: 'm', type: 'next', payload: { data: { greet: 'Hello you' } } });
    socket.ws.close();
  });

  it('masks faults with the request id of the socket', async () => {
    await start();
    const socket = await openSocket(little.origin, { 'x-request-id': 'request-of-this-socket' });
    socket.send({ type: 'connection_init' });
    await socket.next();
    socket.send({ id: '1', type: 'subscribe', payload: { query: '{ broken forbidden }' } });
    const text = JSON.stringify(await socket.next());
    expect(text).toContain('request-of-this-socket');
    expect(text).toContain('Not yours.');
    expect(text).not.toMatch(/hunter2|accounts/);
    socket.ws.close();
  });

  it('SECURITY 38: asks the policy before it validates', async () => {
    await start({
      socketOptions: {
        policy: {
          ...createOperationPolicy(),
          check: () => [new GraphQLError('Too deep', { extensions: { code: 'OPERATION_TOO_COMPLEX' } })],
        },
      },
    });
    const socket = await initialised();
    socket.send({ id: '1', type: 'subscribe', payload: { query: '{ nowhere }' } });
    expect(await socket.next()).toMatchObject({ type: 'error', payload: [{ message: 'Too deep' }] });
    socket.ws.close();
  });

  it.each([{}, { documentId: 7 }, { extensions: {} }, { extensions: { persistedQuery: 'x' } }, { query: 7, documentId: 'x' }])(
    'closes with 4400 when no document is named: %j',
    async (payload) => {
      await start();
      const socket = await initialised();
      socket.send({ id: '1', type: 'subscribe', payload });
      expect((await socket.closed()).code).toBe(4400);
    },
  );

  it.each([
    [{ documentId: 'x' }, 'NOT_FOUND'],
    [{ extensions: { persistedQuery: { version: 1, sha256Hash: '0'.repeat(64) } } }, 'PERSISTED_QUERY_NOT_SUPPORTED'],
  ])('looks for a document that is named without a query: %j', async (payload, code) => {
    await start();
    const socket = await initialised();
    socket.send({ id: '1', type: 'subscribe', payload });
    expect(await socket.next()).toMatchObject({ id: '1', type: 'error', payload: [{ extensions: { code } }] });
    socket.ws.close();
  });

  it('SECURITY 39: allows as many operations on a socket as the limit says, and not one more', async () => {
    await start({ limits: { maxOperationsPerSocket: 3 } });
    const socket = await initialised();
    for (const id of ['1', '2', '3', '4']) socket.send({ id, type: 'subscribe', payload: { query: ticks } });
    expect(await socket.next()).toMatchObject({ id: '4', type: 'error', payload: [{ extensions: { code: 'RATE_LIMITED' } }] });
    await until(() => little.feed.listeners() === 3, 'three subscriptions');
    socket.send({ id: '1', type: 'complete' });
    await until(() => little.feed.listeners() === 2, 'one to end');
    socket.send({ id: '5', type: 'subscribe', payload: { query: ticks } });
    await until(() => little.feed.listeners() === 3, 'another one');
    socket.ws.close();
  });
});

describe('Losing a subgraph', () => {
  let little: LittleSupergraph;
  afterEach(() => little.close());

  it('closes the socket with 1012, so that clients come back', async () => {
    little = await startLittleSupergraph('http');
    const socket = await openInitialisedSocket(little.origin, 'alice');
    socket.send({ id: '1', type: 'subscribe', payload: { query: ticks } });
    await until(() => little.feed.listeners() === 1, 'the subscription');
    await little.stopSubgraphs();
    expect((await socket.closed()).code).toBe(1012);
  });

  it('answers UNAVAILABLE when the subgraph is not there at all', async () => {
    little = await startLittleSupergraph('http');
    await little.stopSubgraphs();
    const socket = await openInitialisedSocket(little.origin, 'alice');
    for (const query of [ticks, '{ listeners }']) {
      socket.send({ id: '1', type: 'subscribe', payload: { query } });
      const frame = await socket.next();
      expect(frame.payload?.errors?.[0]?.extensions).toMatchObject({ code: 'UNAVAILABLE' });
      expect(JSON.stringify(frame)).not.toMatch(/feed|127\.0\.0\.1|ECONN/);
      expect((await socket.next()).type).toBe('complete');
    }
    socket.ws.close();
  });
});
