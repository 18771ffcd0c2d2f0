import { afterEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { startLittleSupergraph, type LittleOptions, type LittleSupergraph } from '../../tests/testkit/gateway/little-supergraph.js';
import { until } from '../../tests/testkit/until.js';
import { openInitialisedSocket, openSocket } from '../../tests/testkit/gateway/socket.js';
import { defaultWebSocketLimits } from './limits.js';

const ticks = 'subscription { ticks { n } }';

describe('The admission to the WebSocket door', () => {
  let little: LittleSupergraph;
  afterEach(() => little.close());
  const start = async (options?: LittleOptions): Promise<void> => {
    little = await startLittleSupergraph('in-process', options);
  };

  it.each(['Bearer bad', 'Bearer x\r\nx-user-id: admin', 7, { a: 1 }])('closes with 4403 for the token %j', async (authorization) => {
    await start();
    const socket = await openSocket(little.origin);
    socket.send({ type: 'connection_init', payload: { authorization } });
    expect((await socket.closed()).code).toBe(4403);
  });

  it('takes the token under either spelling', async () => {
    await start();
    for (const name of ['authorization', 'Authorization']) {
      const socket = await openSocket(little.origin);
      socket.send({ type: 'connection_init', payload: { [name]: 'Bearer carol' } });
      expect((await socket.next()).type).toBe('connection_ack');
      socket.send({ id: '1', type: 'subscribe', payload: { query: '{ user(id: 1) { tokenSeen } }' } });
      expect((await socket.next()).payload).toEqual({ data: { user: { tokenSeen: 'Bearer carol' } } });
      socket.ws.close();
    }
  });

  it('closes with 1013 when the caller cannot be found out, so that clients try again', async () => {
    await start();
    const socket = await openSocket(little.origin);
    socket.send({ type: 'connection_init', payload: { authorization: 'Bearer fault' } });
    expect((await socket.closed()).code).toBe(1013);
  });

  it('SECURITY 40: closes an idle socket with 4403 when its token expires', async () => {
    await start({ expiresAt: Date.now() + 150 });
    const socket = await openInitialisedSocket(little.origin, 'short');
    expect(await socket.closed()).toMatchObject({ code: 4403 });
    expect(little.sockets.stats().sockets).toBeLessThanOrEqual(1);
  });

  it('SECURITY 40: closes every socket of a revoked session at once, and no other', async () => {
    await start();
    const [first, second, other] = await Promise.all(['alice', 'alice', 'bob'].map((name) => openInitialisedSocket(little.origin, name)));
    little.revocations.revoke({ sessionId: 'session of alice', endedAt: Date.now() });
    expect((await first?.closed())?.code).toBe(4403);
    expect((await second?.closed())?.code).toBe(4403);
    expect(other?.ws.readyState).toBe(WebSocket.OPEN);
    const late = await openSocket(little.origin);
    late.send({ type: 'connection_init', payload: { authorization: 'Bearer alice' } });
    expect((await late.closed()).code).toBe(4403);
    other?.ws.close();
  });

  it('SECURITY 20: closes every socket with 4403 when a signing key is revoked, so that clients come back with another token', async () => {
    await start();
    const sockets = await Promise.all(['alice', 'bob'].map((name) => openInitialisedSocket(little.origin, name)));
    little.revocations.revokeKey('leaked');
    for (const socket of sockets) expect((await socket.closed()).code).toBe(4403);
    const again = await openInitialisedSocket(little.origin, 'alice');
    little.revocations.revokeKey('leaked');
    expect(again.ws.readyState).toBe(WebSocket.OPEN);
    again.ws.close();
  });

  it('SECURITY 39: closes with 4408 without connection_init', async () => {
    await start({ limits: { initTimeoutMs: 50 } });
    expect((await (await openSocket(little.origin)).closed()).code).toBe(4408);
  });

  it.each([
    ['not json', 4400],
    ['{}', 4400],
    ['{"type":"nonsense"}', 4400],
    ['{"type":"next","id":"1","payload":{}}', 4400],
    ['{"type":"subscribe","id":1,"payload":{"query":"{ listeners }"}}', 4400],
    ['{"type":"subscribe","id":"1","payload":{"query":7}}', 4400],
    ['{"type":"connection_init"}', 4429],
    [Buffer.from('{"type":"ping"}'), 4400],
  ])('SECURITY 43: closes for the frame %s with %i', async (frame, code) => {
    await start();
    const socket = await openInitialisedSocket(little.origin);
    socket.ws.send(frame);
    expect((await socket.closed()).code).toBe(code);
  });

  it('closes with 4401 a subscribe before connection_init', async () => {
    await start();
    const socket = await openSocket(little.origin);
    socket.send({ id: '1', type: 'subscribe', payload: { query: '{ listeners }' } });
    expect((await socket.closed()).code).toBe(4401);
  });

  it('closes with 4409 an id that is in use', async () => {
    await start();
    const socket = await openInitialisedSocket(little.origin);
    for (let n = 0; n < 2; n++) socket.send({ id: '1', type: 'subscribe', payload: { query: ticks } });
    expect((await socket.closed()).code).toBe(4409);
    await until(() => little.feed.listeners() === 0, 'the first one to end');
  });

  it('SECURITY 39: takes frames up to the limit and closes with 1009 above it', async () => {
    await start({ limits: { maxFrameBytes: 1_000 } });
    const frame = (size: number) => {
      const text = JSON.stringify({ type: 'ping', payload: { text: '' } });
      return text.replace('""', `"${'x'.repeat(size - text.length)}"`);
    };
    const socket = await openInitialisedSocket(little.origin);
    socket.ws.send(frame(1_000));
    expect((await socket.next()).type).toBe('pong');
    socket.ws.send(frame(1_001));
    expect((await socket.closed()).code).toBe(1009);
  });

  it.each([
    ['https://evil.example', false],
    ['null', false],
    ['https://game.example', true],
    ['https://game.example.evil.example', false],
  ])('SECURITY 39: lets a page of %s in: %s', async (origin, isAllowed) => {
    await start();
    const opening = openSocket(little.origin, { origin });
    if (isAllowed) (await opening).ws.close();
    else await expect(opening).rejects.toThrow('403');
  });

  it('lets its own pages in', async () => {
    await start();
    (await openSocket(little.origin, { origin: little.origin })).ws.close();
  });

  it('SECURITY 39: refuses the legacy subprotocol and none', async () => {
    await start();
    for (const protocols of [['graphql-ws'], []]) {
      const ws = new WebSocket(`${little.origin.replace('http', 'ws')}/graphql`, protocols);
      const outcome = await new Promise((resolve) => {
        ws.once('close', resolve);
        ws.once('error', (error) => resolve(error.message));
      });
      expect(outcome).toEqual(protocols.length === 0 ? 4406 : 'Server sent no subprotocol');
    }
  });

  it('SECURITY 39: waits 3 s for connection_init and takes frames of 256 KB unless told otherwise', async () => {
    expect(defaultWebSocketLimits).toMatchObject({ initTimeoutMs: 3_000, maxFrameBytes: 256 * 1024 });
    await start();
    const socket = await openInitialisedSocket(little.origin);
    const frame = (size: number) => `{"type":"ping","payload":{"text":"${'x'.repeat(size - 37)}"}}`;
    socket.ws.send(frame(256 * 1024));
    expect((await socket.next()).type).toBe('pong');
    socket.ws.send(frame(256 * 1024 + 1));
    expect((await socket.closed()).code).toBe(1009);
  });

  it('refuses other paths', async () => {
    await start();
    const ws = new WebSocket(`${little.origin.replace('http', 'ws')}/other`, 'graphql-transport-ws');
    const message = await new Promise((resolve) => ws.once('error', (error) => resolve(error.message)));
    expect(message).toMatch('404');
  });

  it('SECURITY 39: refuses sockets above the caps, and takes them again later', async () => {
    await start({ limits: { maxSockets: 3, maxUninitialisedSockets: 2 } });
    const waiting = [await openSocket(little.origin), await openSocket(little.origin)];
    await expect(openSocket(little.origin)).rejects.toThrow('503');
    waiting[0]?.send({ type: 'connection_init' });
    await waiting[0]?.next();
    const third = await openSocket(little.origin);
    third.send({ type: 'connection_init' });
    await third.next();
    await expect(openSocket(little.origin)).rejects.toThrow('503');
    for (const socket of [...waiting, third]) socket.ws.close();
    await until(() => little.sockets.stats().sockets === 0, 'the sockets to go');
    (await openSocket(little.origin)).ws.close();
  });

  it('SECURITY 39: closes the socket of a user with too many with 4429', async () => {
    await start({ limits: { maxSocketsPerUser: 2 } });
    const sockets = [await openInitialisedSocket(little.origin, 'alice'), await openInitialisedSocket(little.origin, 'alice')];
    const third = await openSocket(little.origin);
    third.send({ type: 'connection_init', payload: { authorization: 'Bearer alice' } });
    expect((await third.closed()).code).toBe(4429);
    for (const socket of sockets) socket.ws.close();
    await until(() => little.sockets.stats().sockets === 0, 'the sockets to go');
    (await openInitialisedSocket(little.origin, 'alice')).ws.close();
  });

  it('cuts off a client that answers no ping, as 1006', async () => {
    await start({ limits: { pingIntervalMs: 30, pongTimeoutMs: 60 } });
    const ws = new WebSocket(`${little.origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { autoPong: false });
    ws.on('open', () => {
      ws.send('{"type":"connection_init"}');
      ws.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: ticks } }));
    });
    expect(await new Promise((resolve) => ws.once('close', resolve))).toBe(1006);
    await until(() => little.feed.leaves.length === 1, 'the leave');
    expect(little.feed.leaves).toEqual([{ code: 1006 }]);
  });

  it('keeps a client that answers pings', async () => {
    await start({ limits: { pingIntervalMs: 10, pongTimeoutMs: 1_000 } });
    const socket = await openInitialisedSocket(little.origin);
    let pings = 0;
    socket.ws.on('ping', () => (pings += 1));
    await until(() => pings >= 5, 'five pings');
    expect(socket.ws.readyState).toBe(WebSocket.OPEN);
    socket.ws.close();
  });
});
