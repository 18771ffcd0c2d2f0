import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { eventually, startSharedSocketSubgraph, type SharedSocketSubgraph } from '../../../tests/testkit/gateway/shared-socket-subgraph.js';
import { readOperationTerms, readSharedSocketNotice, readSharedSocketTerms } from './shared-socket.js';

const maxOperations = 1_000;

describe('A shared socket to a subgraph', () => {
  let subgraph: SharedSocketSubgraph;
  beforeEach(async () => {
    subgraph = await startSharedSocketSubgraph();
  });
  afterEach(() => subgraph.close());

  it('is agreed on when it is offered, and not otherwise', async () => {
    expect((await subgraph.open()).acknowledgement).toEqual({ type: 'connection_ack', payload: { sharedSocket: 1, maxOperations } });
    for (const init of [{}, { sharedSocket: 2 }, { sharedSocket: true }, { sharedSocket: '1' }]) {
      expect((await subgraph.open(init)).acknowledgement).toEqual({ type: 'connection_ack' });
    }
  });

  it.each([undefined, 'wrong'])('SECURITY 45: is not even offered to a caller with the secret %s', async (given) => {
    const headers = given === undefined ? {} : { 'x-gateway-secret': given };
    const socket = new WebSocket(subgraph.url.replace('http', 'ws'), 'graphql-transport-ws', { headers });
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('403');
  });

  describe('identity', () => {
    it.each([
      ['no extensions', undefined],
      ['extensions without terms', { other: 1 }],
      ['no headers', { sharedSocket: { window: 1 } }],
      ['headers that are none', { sharedSocket: { headers: 'Bearer alice', window: 1 } }],
      ['no window', { sharedSocket: { headers: { authorization: 'alice' } } }],
      ['a window of nothing', { sharedSocket: { headers: { authorization: 'alice' }, window: 0 } }],
    ])('SECURITY 45: an operation with %s is refused, neither anonymous nor anybody', async (_name, extensions) => {
      const shared = await subgraph.open({ sharedSocket: 1, authorization: 'of the connection' });
      shared.send({ type: 'subscribe', id: '1', payload: { query: 'subscription { me }', extensions } });
      await eventually(() => shared.frames.length > 0);
      expect(shared.frames).toMatchObject([{ type: 'error', id: '1', payload: [{ extensions: { code: 'BAD_USER_INPUT' } }] }]);
      expect(subgraph.asked.size).toBe(0);
      expect(shared.socket.readyState).toBe(WebSocket.OPEN);
    });

    it('SECURITY 45: never comes from the connection of a shared socket', async () => {
      const shared = await subgraph.open({ sharedSocket: 1, authorization: 'of the connection' });
      shared.send({
        type: 'subscribe',
        id: '1',
        payload: { query: 'subscription { me }', extensions: { sharedSocket: { headers: {}, window: 1 } } },
      });
      await eventually(() => shared.frames.length > 0);
      expect(shared.frames).toEqual([{ type: 'next', id: '1', payload: { data: { me: 'nobody' } } }]);
    });

    it('SECURITY 45: never comes from an operation of a socket that is not shared', async () => {
      const own = await subgraph.open({ authorization: 'alice' });
      own.subscribe('1', 'mallory', { field: 'me' });
      await eventually(() => own.frames.length > 0);
      expect(own.frames[0]).toEqual({ type: 'next', id: '1', payload: { data: { me: 'alice' } } });
      expect([...subgraph.asked.keys()]).toEqual(['alice']);
    });

    it('SECURITY 45: stays with its operation among 500 that come and go under ids that are used again', async () => {
      const shared = await subgraph.open();
      let checked = 0;
      for (let round = 0; round < 5; round++) {
        for (let n = 0; n < 100; n++) {
          shared.subscribe(String(n), `user ${round}.${n}`, { field: 'me', window: 2 });
          if (n % 3 === 0) {
            shared.send({ type: 'complete', id: String(n) });
            shared.subscribe(String(n), `user ${round}.${n} again`, { field: 'me', window: 2 });
          }
        }
        await eventually(() => subgraph.asked.size === 100);
        for (let n = 0; n < 100; n++) shared.send({ type: 'complete', id: String(n) });
        await eventually(() => subgraph.asked.size === 0);
        for (const { id, payload } of shared.frames.splice(0)) {
          const { me } = (payload as { data: { me: string } }).data;
          expect(me).toMatch(new RegExp(`^user ${round}\\.${id}( again)?$`));
          checked += 1;
        }
      }
      expect(checked).toBeGreaterThanOrEqual(1_000);
    });

    it('that is refused ends its own operation only', async () => {
      const shared = await subgraph.open();
      shared.subscribe('1', 'alice');
      shared.subscribe('2', 'bad');
      await eventually(() => shared.frames.length > 0 && subgraph.asked.size === 1);
      expect(shared.frames).toMatchObject([{ type: 'error', id: '2', payload: [{ extensions: { code: 'UNAUTHENTICATED' } }] }]);
      expect([...subgraph.asked.keys()]).toEqual(['alice']);
    });
  });

  it('names in its errors the request of the operation', async () => {
    const shared = await subgraph.open();
    const extensions = { sharedSocket: { headers: { authorization: 'bad', 'x-request-id': 'r-1' }, window: 1 } };
    shared.send({ type: 'subscribe', id: '1', payload: { query: 'subscription { me }', extensions } });
    await eventually(() => shared.frames.length > 0);
    expect(shared.frames).toMatchObject([{ type: 'error', id: '1', payload: [{ extensions: { requestId: 'r-1' } }] }]);
  });

  it('takes twice as many operations as it has said, for those that still wind down, and not one more', async () => {
    const shared = await subgraph.open();
    for (let n = 1; n <= 2 * maxOperations; n++) shared.subscribe(String(n), `user ${n}`);
    await eventually(() => subgraph.asked.size === 2 * maxOperations);
    expect(shared.frames).toEqual([]);
    shared.subscribe('one more', 'mallory');
    await eventually(() => shared.frames.length > 0);
    expect(shared.frames).toMatchObject([{ type: 'error', id: 'one more', payload: [{ extensions: { code: 'RATE_LIMITED' } }] }]);
    shared.send({ type: 'complete', id: '1' });
    await eventually(() => subgraph.asked.size === 2 * maxOperations - 1);
    shared.subscribe('one more', 'bob');
    await eventually(() => subgraph.asked.has('bob'));
  });

  it('lets all its operations leave and as many begin at the same moment', async () => {
    const shared = await subgraph.open();
    for (let n = 1; n <= maxOperations; n++) shared.subscribe(`first ${n}`, `first ${n}`);
    for (let n = 1; n <= maxOperations; n++) {
      shared.send({ type: 'complete', id: `first ${n}` });
      shared.subscribe(`then ${n}`, `then ${n}`);
    }
    await eventually(() => subgraph.asked.has(`then ${maxOperations}`) && subgraph.asked.size === maxOperations);
    expect(shared.frames).toEqual([]);
    expect([...subgraph.asked.keys()].every((name) => name.startsWith('then'))).toBe(true);
  });

  it('takes frames up to 1 MB and closes with 1009 above it', async () => {
    const shared = await subgraph.open();
    const frame = (size: number): string => {
      const text = JSON.stringify({ type: 'ping', payload: { text: '' } });
      return text.replace('""', `"${'x'.repeat(size - text.length)}"`);
    };
    shared.socket.send(frame(1024 * 1024));
    await eventually(() => shared.frames.length > 0);
    expect(shared.frames).toMatchObject([{ type: 'pong' }]);
    const closed = once(shared.socket, 'close') as Promise<[number]>;
    shared.socket.send(frame(1024 * 1024 + 1));
    expect((await closed)[0]).toBe(1009);
  });

  it.each([
    ['a binary frame', Buffer.from('{"type":"ping"}')],
    ['what is no JSON', '{"type":"ping"'],
    ['what is no message', '"ping"'],
  ])('is closed with 4400 for %s', async (_name, frame: Buffer | string) => {
    const shared = await subgraph.open();
    const closed = once(shared.socket, 'close') as Promise<[number]>;
    shared.socket.send(frame);
    expect((await closed)[0]).toBe(4400);
  });
});

describe('What is said on a shared socket', () => {
  it('is taken for what it is, or for nothing', () => {
    expect(readSharedSocketTerms({ sharedSocket: 1, maxOperations: 7, more: 1 })).toEqual({ sharedSocket: 1, maxOperations: 7 });
    for (const payload of [
      undefined,
      null,
      1,
      [],
      {},
      { sharedSocket: 1 },
      { sharedSocket: 1, maxOperations: 0 },
      { sharedSocket: 2, maxOperations: 7 },
    ]) {
      expect(readSharedSocketTerms(payload)).toBeUndefined();
    }
    expect(readOperationTerms({ sharedSocket: { headers: { authorization: 'a', cookie: 'b' }, window: 1 } })).toEqual({
      headers: { authorization: 'a' },
      window: 1,
    });
    for (const payload of [undefined, null, 'x', { leaves: 1 }, { credits: {} }]) {
      expect(readSharedSocketNotice(payload)).toEqual({ leaves: [], credits: [] });
    }
  });
});
