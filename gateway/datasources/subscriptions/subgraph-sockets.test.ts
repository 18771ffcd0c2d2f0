import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { WebSocketServer, type WebSocket } from 'ws';
import { createLogger } from '../../../shared/logging/logger.js';
import { until } from '../../../tests/testkit/until.js';
import { createHttpDataSource } from '../http/http-data-source.js';
import type { SubgraphDataSource, UpstreamMessage } from '../subgraph-data-source.js';
import { nextMessage } from '../../../tests/testkit/gateway/next-message.js';

interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly payload?: { readonly variables?: { readonly user?: string }; readonly [key: string]: unknown };
}

/** A socket as the subgraph sees it. */
interface Peer {
  readonly socket: WebSocket;
  readonly frames: Frame[];
  send(frame: object): void;
  code: number | undefined;
}

const shares = (maxOperations = 1_000) => ({ type: 'connection_ack', payload: { sharedSocket: 1, maxOperations } });

describe('The sockets to a subgraph', () => {
  let server: Server;
  let source: SubgraphDataSource;
  let peers: Peer[];
  /** What the subgraph does with `connection_init`. */
  let greet: (peer: Peer, frame: Frame) => void;
  let now: number;

  beforeEach(async () => {
    peers = [];
    now = 0;
    greet = (peer) => peer.send(shares());
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    new WebSocketServer({ server, handleProtocols: () => 'graphql-transport-ws' }).on('connection', (socket) => {
      const peer: Peer = { socket, frames: [], send: (frame) => socket.send(JSON.stringify(frame)), code: undefined };
      peers.push(peer);
      socket.on('message', (data: Buffer) => {
        const frame = JSON.parse(data.toString()) as Frame;
        peer.frames.push(frame);
        if (frame.type === 'connection_init') greet(peer, frame);
      });
      socket.on('close', (code) => (peer.code = code));
    });
    source = createHttpDataSource({
      name: 'hand-made',
      url: `http://127.0.0.1:${port}/graphql`,
      secret: 'secret',
      logger: createLogger({ name: 'test', level: 'silent' }),
      timeoutMs: 300,
      now: () => now,
    });
  });
  afterEach(async () => {
    await source.close();
    for (const { socket } of peers) socket.terminate();
    server.closeAllConnections();
    server.close();
  });

  function subscribe(user: string) {
    const headers = { authorization: `Bearer ${user}`, 'x-user-id': user };
    return source.subscribe({ query: 'subscription S { a }', operationName: 'S', variables: { user }, headers });
  }

  const framesOf = (type: string) => peers.flatMap(({ frames }) => frames.filter((frame) => frame.type === type));
  /** The peer and id of the operation of `user`. */
  function operationOf(user: string): { peer: Peer; id: string } {
    for (const peer of peers) {
      const frame = peer.frames.find(({ type, payload }) => type === 'subscribe' && payload?.variables?.user === user);
      if (frame?.id !== undefined) return { peer, id: frame.id };
    }
    throw new Error(`no operation of ${user}`);
  }
  const subscribed = (count: number) => until(() => framesOf('subscribe').length === count, `${count} operations`);
  const event = (n: number) => ({ data: { a: n } });

  it('carry many callers on one, each with their own headers, and none on the socket itself', async () => {
    const users = Array.from({ length: 50 }, (_, index) => `user ${index}`);
    users.map((user) => subscribe(user));
    await subscribed(50);
    expect(peers).toHaveLength(1);
    expect(framesOf('connection_init')).toEqual([{ type: 'connection_init', payload: { sharedSocket: 1, sharedEvents: true } }]);
    for (const user of users) {
      const { peer, id } = operationOf(user);
      expect(peer.frames.find((frame) => frame.id === id)?.payload).toEqual({
        query: 'subscription S { a }',
        operationName: 'S',
        variables: { user },
        extensions: { sharedSocket: { headers: { authorization: `Bearer ${user}`, 'x-user-id': user }, window: 8 } },
      });
    }
  });

  it('give each operation its own events, however they are mixed', async () => {
    const upstreams = ['alice', 'bob', 'carol'].map((user) => ({ user, upstream: subscribe(user) }));
    await subscribed(3);
    for (let n = 0; n < 5; n++) {
      for (const { user } of n % 2 === 0 ? upstreams : upstreams.toReversed()) {
        const { peer, id } = operationOf(user);
        peer.send({ type: 'next', id, payload: { data: { user, n } } });
      }
    }
    for (const { user, upstream } of upstreams) {
      for (let n = 0; n < 5; n++) expect(await nextMessage(upstream)).toEqual({ kind: 'event', data: { user, n }, errors: [] });
    }
  });

  it('give an event that is told to many to those who are named and still there, in order with what is told to one', async () => {
    const [alice, bob, carol] = ['alice', 'bob', 'carol'].map((user) => subscribe(user));
    await subscribed(3);
    const { peer } = operationOf('alice');
    const ids = ['alice', 'carol'].map((user) => operationOf(user).id);
    const tellMany = (n: number) => peer.send({ type: 'pong', payload: { next: { ids: [...ids, 'nobody'], payload: event(n) } } });
    tellMany(1);
    peer.send({ type: 'next', id: ids[0], payload: event(2) });
    carol?.leave({ code: 0 });
    tellMany(3);
    peer.send({ type: 'next', id: operationOf('bob').id, payload: event(4) });
    for (const n of [1, 2, 3]) expect(await nextMessage(alice)).toMatchObject({ kind: 'event', data: { a: n } });
    expect(await nextMessage(bob)).toMatchObject({ data: { a: 4 } });
    expect(await nextMessage(carol)).toEqual({ kind: 'complete' });
  });

  it('never use an id again, so that what is late reaches nobody', async () => {
    const first = subscribe('alice');
    await subscribed(1);
    const { peer, id } = operationOf('alice');
    first.leave({ code: 0 });
    const second = subscribe('bob');
    await subscribed(2);
    peer.send({ type: 'next', id, payload: { data: { secret: 'of alice' } } });
    peer.send({ type: 'next', id: operationOf('bob').id, payload: event(1) });
    expect(await nextMessage(second)).toMatchObject({ data: { a: 1 } });
    expect(operationOf('bob').id).not.toBe(id);
    expect(await nextMessage(first)).toEqual({ kind: 'complete' });
  });

  it('are as many as the operations need, at the number that the subgraph allows', async () => {
    greet = (peer) => peer.send(shares(3));
    const upstreams = Array.from({ length: 7 }, (_, index) => subscribe(`user ${index}`));
    await subscribed(7);
    const counts = () => peers.map(({ frames }) => frames.filter(({ type }) => type === 'subscribe').length);
    expect(counts()).toEqual([3, 3, 1]);
    upstreams[0]?.leave({ code: 0 });
    subscribe('in the place of the first');
    await subscribed(8);
    expect(counts()).toEqual([4, 3, 1]);
  });

  it.each([1000, 1001, 1006, 1012, 4403])('tell that a client left with %i before its `complete`', async (code) => {
    const upstream = subscribe('alice');
    subscribe('bob');
    await subscribed(2);
    upstream.leave({ code });
    await until(() => framesOf('complete').length === 1, 'the leave');
    const { peer, id } = operationOf('alice');
    expect(peer.frames.slice(-2)).toEqual([
      { type: 'pong', payload: { leaves: [[id, code]] } },
      { type: 'complete', id },
    ]);
    expect(peer.socket.readyState).toBe(peer.socket.OPEN);
  });

  it('say nothing for one that leaves before it has begun', async () => {
    greet = () => undefined;
    const upstream = subscribe('alice');
    subscribe('bob');
    const waiting = nextMessage(upstream);
    upstream.leave({ code: 1000 });
    expect(await waiting).toEqual({ kind: 'complete' });
    await until(() => peers.length === 1, 'the socket');
    peers[0]?.send(shares());
    await subscribed(1);
    expect(operationOf('bob').id).toBe('1');
  });

  it('end all their operations as lost when one is lost, after what was received', async () => {
    const upstreams = ['alice', 'bob'].map((user) => subscribe(user));
    await subscribed(2);
    const { peer, id } = operationOf('alice');
    peer.send({ type: 'next', id, payload: event(1) });
    const first = nextMessage(upstreams[0]);
    expect(await first).toMatchObject({ kind: 'event' });
    peer.socket.close(1012);
    for (const upstream of upstreams) {
      expect(await nextMessage(upstream)).toEqual({ kind: 'lost', code: 1012 });
      expect(await nextMessage(upstream)).toEqual({ kind: 'complete' });
    }
    subscribe('carol');
    await subscribed(3);
    expect(peers).toHaveLength(2);
  });

  it.each([
    ['agrees twice', shares()],
    ['sends an event that is none', { type: 'next', id: '1', payload: { a: 1 } }],
    ['sends what only clients do', { type: 'subscribe', id: '1', payload: { query: '{ a }' } }],
  ])('end as a loss when the subgraph %s', async (_name, frame) => {
    const upstreams = ['alice', 'bob'].map((user) => subscribe(user));
    await subscribed(2);
    peers[0]?.send(frame);
    for (const upstream of upstreams) expect(await nextMessage(upstream)).toEqual({ kind: 'lost', code: 1006 });
    await until(() => peers[0]?.code !== undefined, 'the socket to be cut');
  });

  it('end with 1012 when the gateway does, and wait for that', async () => {
    const upstream = subscribe('alice');
    await subscribed(1);
    await source.close();
    expect(peers.map(({ code }) => code)).toEqual([1012]);
    expect(await nextMessage(upstream)).toEqual({ kind: 'lost', code: 1012 });
    expect(await nextMessage(subscribe('bob'))).toMatchObject({ kind: 'error' });
  });

  it.each([
    ['nothing', () => undefined],
    ['1013', (peer: Peer) => peer.socket.close(1013)],
    ['4408', (peer: Peer) => peer.socket.close(4408)],
    ['a cut', (peer: Peer) => peer.socket.terminate()],
    ['garbage', (peer: Peer) => peer.socket.send('garbage')],
    ['a message of clients', (peer: Peer) => peer.send({ type: 'connection_init' })],
    ['an event', (peer: Peer) => peer.send({ type: 'next', id: '1', payload: { data: { a: 1 } } })],
  ])('answer all that wait with UNAVAILABLE when the subgraph answers the offer with %s', async (_name, answer) => {
    greet = answer;
    const messages = await Promise.all(['alice', 'bob'].map((user) => nextMessage(subscribe(user))));
    expect(messages).toMatchObject([1, 2].map(() => ({ kind: 'error', errors: [{ extensions: { code: 'UNAVAILABLE' } }] })));
    expect(peers).toHaveLength(1);
    greet = (peer) => peer.send(shares());
    subscribe('carol');
    await subscribed(1);
  });

  describe('of a subgraph that shares none', () => {
    const plainly = (peer: Peer) => peer.send({ type: 'connection_ack' });

    it.each([
      ['says nothing of it', plainly],
      ['agrees to something else', (peer: Peer) => peer.send({ type: 'connection_ack', payload: { sharedSocket: 2, maxOperations: 5 } })],
      [
        'wants to know who connects',
        (peer: Peer, { payload }: Frame) => (payload?.authorization === undefined ? peer.socket.close(4403) : plainly(peer)),
      ],
      ['fails at it', (peer: Peer, { payload }: Frame) => (payload?.authorization === undefined ? peer.socket.close(4500) : plainly(peer))],
    ])('carry one caller each when it %s', async (_name, answer) => {
      greet = answer;
      for (const user of ['alice', 'bob']) subscribe(user);
      await subscribed(2);
      subscribe('carol');
      await subscribed(3);
      // One more that has asked whether they can be shared, and is closed.
      await until(() => peers.length === 4 && peers[0]?.code !== undefined, 'the first socket to be closed');
      const inits = framesOf('connection_init').slice(1);
      expect(inits.map(({ payload }) => payload?.authorization)).toEqual(['Bearer alice', 'Bearer bob', 'Bearer carol']);
      expect(framesOf('subscribe').every(({ payload }) => payload?.extensions === undefined)).toBe(true);
    });

    it('are asked for again after a minute', async () => {
      greet = plainly;
      subscribe('alice');
      await subscribed(1);
      now = 59_999;
      subscribe('bob');
      await subscribed(2);
      expect(peers).toHaveLength(3);
      now = 60_000;
      greet = (peer) => peer.send(shares());
      for (const user of ['carol', 'dave']) subscribe(user);
      await subscribed(4);
      expect(peers).toHaveLength(4);
    });
  });

  describe('P9: flow', () => {
    it('grants credit for what was taken, for all operations in one notice', async () => {
      const upstreams = ['alice', 'bob'].map((user) => ({ user, upstream: subscribe(user) }));
      await subscribed(2);
      for (const { user } of upstreams) {
        const { peer, id } = operationOf(user);
        for (let n = 0; n < 8; n++) peer.send({ type: 'next', id, payload: event(n) });
      }
      for (const { upstream } of upstreams) for (let n = 0; n < 3; n++) await nextMessage(upstream);
      const credits = () => framesOf('pong').flatMap(({ payload }) => payload?.credits as [string, number][]);
      await Promise.all(upstreams.map(({ upstream }) => nextMessage(upstream)));
      await until(() => credits().length === 2, 'the credit');
      expect(credits().toSorted()).toEqual([
        ['1', 4],
        ['2', 4],
      ]);
      expect(framesOf('pong')).toHaveLength(1);
    });

    it('keeps 8 events of an operation that nobody reads, ends it at the 9th with 1013, and leaves the others alone', async () => {
      const slow = subscribe('slow');
      const fast = subscribe('fast');
      await subscribed(2);
      const { peer, id } = operationOf('slow');
      for (let n = 1; n <= 8; n++) peer.send({ type: 'next', id, payload: event(n) });
      peer.send({ type: 'next', id: operationOf('fast').id, payload: event(1) });
      expect(await nextMessage(fast)).toMatchObject({ data: { a: 1 } });
      expect(framesOf('complete')).toEqual([]);
      peer.send({ type: 'next', id, payload: event(9) });
      await until(() => framesOf('complete').length === 1, 'the end');
      expect(framesOf('complete')).toEqual([{ type: 'complete', id }]);
      const taken: UpstreamMessage[] = [];
      for (let n = 1; n <= 9; n++) taken.push(await nextMessage(slow));
      expect(taken.slice(0, 8)).toMatchObject([1, 2, 3, 4, 5, 6, 7, 8].map((a) => ({ kind: 'event', data: { a } })));
      expect(taken[8]).toEqual({ kind: 'lost', code: 1013 });
      peer.send({ type: 'next', id: operationOf('fast').id, payload: event(2) });
      expect(await nextMessage(fast)).toMatchObject({ data: { a: 2 } });
    });
  });

  it('begin 15,000 operations without losing one', async () => {
    const upstreams = Array.from({ length: 15_000 }, (_, index) => subscribe(`user ${index}`));
    await until(() => framesOf('subscribe').length === 15_000, 'all of them', 30_000);
    expect(peers).toHaveLength(15);
    for (const upstream of upstreams) upstream.leave({ code: 1012 });
    await until(() => framesOf('complete').length === 15_000, 'all to leave', 30_000);
  }, 60_000);
});
