import { afterEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import {
  startLittleSupergraph,
  type LittleOptions,
  type LittleSupergraph,
  type Way,
} from '../../tests/testkit/gateway/little-supergraph.js';
import { until } from '../../tests/testkit/until.js';
import { openInitialisedSocket, openSocket, type Frame, type Socket } from '../../tests/testkit/gateway/socket.js';

const ways: readonly Way[] = ['in-process', 'http', 'http-plain'];
const ticks = 'subscription { ticks { n } }';
const subscribe = (id: string, query = ticks) => ({ id, type: 'subscribe', payload: { query } });

describe.each(ways)('The protocol of clients, frame by frame, %s', (way) => {
  let little: LittleSupergraph;
  afterEach(() => little.close());

  async function start(options?: LittleOptions): Promise<void> {
    little = await startLittleSupergraph(way, options);
  }

  const quiet = () =>
    until(() => little.feed.listeners() === 0 && little.sockets.stats().operations === 0, 'everything upstream to end', 30_000);

  /** A socket with one subscription, and one of a bystander, which must not notice anything. */
  async function twoSubscribed(): Promise<{ socket: Socket; bystander: Socket }> {
    const [socket, bystander] = await Promise.all(['alice', 'bob'].map((token) => openInitialisedSocket(little.origin, token)));
    if (socket === undefined || bystander === undefined) throw new Error('two sockets');
    for (const each of [socket, bystander]) each.send(subscribe('1'));
    await until(() => little.feed.listeners() === 2, 'two subscriptions');
    return { socket, bystander };
  }

  describe('a frame that is none', () => {
    it.each<[string, string | Buffer, number]>([
      ['nothing', '', 4400],
      ['no JSON', '{"type":', 4400],
      ['a number', '7', 4400],
      ['a text', '"ping"', 4400],
      ['null', 'null', 4400],
      ['a list', '[{"type":"ping"}]', 4400],
      ['no type', '{"id":"1"}', 4400],
      ['a type that is no text', '{"type":{}}', 4400],
      ['an unknown type', '{"type":"__proto__"}', 4400],
      ['the legacy "start"', '{"type":"start","id":"1","payload":{"query":"{ listeners }"}}', 4400],
      ['a subscribe without id', '{"type":"subscribe","payload":{"query":"{ listeners }"}}', 4400],
      ['an empty id', '{"type":"subscribe","id":"","payload":{"query":"{ listeners }"}}', 4400],
      ['a subscribe without payload', '{"type":"subscribe","id":"2"}', 4400],
      ['variables that are none', '{"type":"subscribe","id":"2","payload":{"query":"{ listeners }","variables":"x"}}', 4400],
      ['extensions that are none', '{"type":"subscribe","id":"2","payload":{"query":"{ listeners }","extensions":7}}', 4400],
      ['a complete without id', '{"type":"complete"}', 4400],
      ['a ping with a payload that is none', '{"type":"ping","payload":7}', 4400],
      ['a message of servers', '{"type":"connection_ack"}', 4400],
      ['an error from the client', '{"type":"error","id":"1","payload":[{"message":"x"}]}', 4400],
      ['a second connection_init', '{"type":"connection_init","payload":{"authorization":"Bearer bob"}}', 4429],
      ['a double id', JSON.stringify(subscribe('1')), 4409],
      ['a binary frame', Buffer.from(JSON.stringify(subscribe('2'))), 4400],
      ['a frame that is too large', 'x'.repeat(256 * 1024 + 1), 1009],
      ['a frame of bytes that are no text', '\ud800', 4400],
    ])('SECURITY 43: %s closes its socket and ends what ran on it, and nothing else', async (_name, frame, code) => {
      await start();
      const { socket, bystander } = await twoSubscribed();
      socket.ws.send(frame);
      expect((await socket.closed()).code).toBe(code);
      await until(() => little.feed.listeners() === 1 && little.sockets.stats().operations === 1, 'its subscription to end');
      little.feed.publish({ n: 1 });
      expect(await bystander.next()).toMatchObject({ type: 'next', payload: { data: { ticks: { n: 1 } } } });
      bystander.ws.close();
    });

    it.each<[string, string | Buffer, number]>([
      ['no JSON', '{', 4400],
      ['a binary frame', Buffer.from('{"type":"connection_init"}'), 4400],
      ['a subscribe', JSON.stringify(subscribe('1')), 4401],
      ['a connection_init with a payload that is none', '{"type":"connection_init","payload":"Bearer alice"}', 4400],
    ])('%s as the first closes the socket', async (_name, frame, code) => {
      await start();
      const socket = await openSocket(little.origin);
      socket.ws.send(frame);
      expect((await socket.closed()).code).toBe(code);
      expect(little.sockets.stats().uninitialised).toBe(0);
    });

    it('a complete of what nobody knows, and a pong that nobody asked for, change nothing', async () => {
      await start();
      const { socket, bystander } = await twoSubscribed();
      for (const frame of [
        { type: 'complete', id: 'unknown' },
        { type: 'complete', id: '__proto__' },
        { type: 'pong', payload: { leaves: [['1', 1006]], credits: [['1', 99]] } },
        { type: 'ping', payload: { leaves: [['2', 1006]] } },
      ]) {
        socket.send(frame);
      }
      expect(await socket.next()).toEqual({ type: 'pong', payload: { leaves: [['2', 1006]] } });
      little.feed.publish({ n: 1 });
      for (const each of [socket, bystander]) expect(await each.next()).toMatchObject({ id: '1', type: 'next' });
      expect(little.feed.leaves).toEqual([]);
      for (const each of [socket, bystander]) each.ws.close();
    });
  });

  it('refuses a subscribe while connection_init is not through yet', async () => {
    let admit = (): void => undefined;
    const admitted = new Promise<{ viewer: null; subgraphHeaders: object }>((resolve) => {
      admit = () => resolve({ viewer: null, subgraphHeaders: {} });
    });
    await start({ socketOptions: { authenticate: () => admitted } });
    const socket = await openSocket(little.origin);
    socket.send({ type: 'connection_init', payload: { authorization: 'Bearer alice' } });
    socket.send(subscribe('1'));
    expect((await socket.closed()).code).toBe(4401);
    admit();
    await until(() => little.sockets.stats().sockets === 0, 'the socket to go');
    expect(socket.pending()).toEqual([]);
    expect(little.received).toEqual([]);
  });

  it('delivers nothing after complete, though events race with it', async () => {
    await start();
    const socket = await openInitialisedSocket(little.origin, 'alice');
    const late: Frame[] = [];
    for (let round = 0; round < 100; round++) {
      const id = String(round);
      socket.send(subscribe(id));
      await until(() => little.feed.listeners() === 1, 'the subscription');
      little.feed.publish({ n: 1 });
      socket.send({ type: 'complete', id });
      for (let n = 2; n < 6; n++) little.feed.publish({ n });
      // Its answer follows everything that the server sent before it saw the complete.
      socket.send({ type: 'ping', payload: { round } });
      for (let frame = await socket.next(); frame.type !== 'pong'; frame = await socket.next()) expect(frame.id).toBe(id);
      little.feed.publish({ n: 7 });
      await until(() => little.feed.listeners() === 0, 'the subscription to end');
      late.push(...socket.pending());
    }
    expect(late).toEqual([]);
    await quiet();
    socket.ws.close();
  });

  it('says complete once, when both sides do at the same time', async () => {
    await start();
    const socket = await openInitialisedSocket(little.origin, 'alice');
    for (let round = 0; round < 50; round++) {
      socket.send(subscribe('same'));
      await until(() => little.feed.listeners() === 1, 'the subscription');
      little.feed.complete();
      socket.send({ type: 'complete', id: 'same' });
      socket.send({ type: 'ping' });
      const frames: Frame[] = [];
      for (let frame = await socket.next(); frame.type !== 'pong'; frame = await socket.next()) frames.push(frame);
      expect(frames.length).toBeLessThanOrEqual(1);
      await quiet();
    }
    expect(socket.ws.readyState).toBe(WebSocket.OPEN);
    socket.ws.close();
  });

  describe('leaves nothing behind', () => {
    /** Sockets, timers and the like of this process, in which both sides run. */
    const resources = () =>
      process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap' || name === 'Timeout' || name === 'Immediate').length;
    // A socket each costs ten times as much.
    const cycles = way === 'http-plain' ? 1_000 : 10_000;

    it(`after ${cycles} cycles of subscribe and complete`, async () => {
      await start();
      const socket = await openInitialisedSocket(little.origin, 'alice');
      const cycle = async (round: number): Promise<void> => {
        for (let n = 0; n < 100; n++) socket.send(subscribe(`${round}.${n}`));
        // Every other round ends before its upstream has begun.
        if (round % 2 === 0) await until(() => little.feed.listeners() === 100, '100 subscriptions', 30_000);
        for (let n = 0; n < 100; n++) socket.send({ type: 'complete', id: `${round}.${n}` });
        await until(() => little.sockets.stats().operations === 0, 'the operations to end', 30_000);
      };
      await cycle(0);
      await quiet();
      const before = resources();
      for (let round = 1; round <= cycles / 100; round++) await cycle(round);
      await quiet();
      await until(() => resources() <= before, 'sockets and timers to go', 30_000);
      expect(socket.pending()).toEqual([]);
      socket.ws.close();
    }, 120_000);

    it('after 1,000 sockets that come and go', async () => {
      await start();
      const round = async (index: number): Promise<void> => {
        const sockets = await Promise.all(Array.from({ length: 50 }, (_, n) => openInitialisedSocket(little.origin, `user ${n}`)));
        for (const socket of sockets) socket.send(subscribe('1'));
        if (index % 2 === 0) await until(() => little.feed.listeners() === 50, '50 subscriptions', 30_000);
        for (const [n, socket] of sockets.entries()) {
          if (n % 2 === 0) socket.ws.terminate();
          else socket.ws.close();
        }
        await quiet();
        await until(() => little.sockets.stats().sockets === 0, 'the sockets to go', 30_000);
      };
      await round(0);
      const before = resources();
      for (let index = 1; index <= 20; index++) await round(index);
      await until(() => resources() <= before, 'sockets and timers to go', 30_000);
    }, 120_000);
  });
});
