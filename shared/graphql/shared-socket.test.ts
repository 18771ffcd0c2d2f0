import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import { WebSocket } from 'ws';
import { unauthenticated } from '../errors/app-error.js';
import { createLogger } from '../logging/logger.js';
import { readOperationTerms, readSharedSocketNotice, readSharedSocketTerms } from './shared-socket.js';
import { serveSubgraph, type SubgraphServer } from './subgraph-server.js';
import type { Subgraph, SubscriptionConnection } from './subgraph.js';

const secret = 'only-for-tests-only-for-tests-only-for-tests';
const maxOperations = 1_000;

interface FakeContext {
  readonly authorization: string | undefined;
  readonly connection: SubscriptionConnection | undefined;
}

interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

describe('A shared socket to a subgraph', () => {
  let server: SubgraphServer;
  /** What the subscriptions saw, in order. */
  let seen: string[];
  /** Open subscriptions by the token of their caller, and how many events each was asked for. */
  let asked: Map<string, number>;
  const sockets: WebSocket[] = [];

  /** Tells, as often as it is asked, whose it is; `quiet` never does. */
  function source(kind: 'me' | 'quiet', { authorization = 'nobody', connection }: FakeContext): AsyncIterableIterator<unknown> {
    asked.set(authorization, 0);
    connection?.signal.addEventListener('abort', () => seen.push(`${authorization} left ${JSON.stringify(connection.signal.reason)}`));
    return {
      next() {
        asked.set(authorization, (asked.get(authorization) ?? 0) + 1);
        return kind === 'quiet' ? new Promise(() => undefined) : Promise.resolve({ value: { me: authorization }, done: false });
      },
      return() {
        seen.push(`${authorization} returned`);
        asked.delete(authorization);
        return authorization === 'throws at its end'
          ? Promise.reject(new Error('clean-up'))
          : Promise.resolve({ value: undefined, done: true });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  beforeEach(async () => {
    seen = [];
    asked = new Map();
    const schema = buildSchema('type Query { a: Int } type Subscription { me: String quiet: String }');
    for (const kind of ['me', 'quiet'] as const) {
      Object.assign(schema.getSubscriptionType()?.getFields()[kind] ?? {}, {
        subscribe: (_root: unknown, _input: unknown, context: FakeContext) => source(kind, context),
      });
    }
    const subgraph: Subgraph<FakeContext> = {
      name: 'fake',
      schema,
      createContext: ({ authorization }, connection) =>
        authorization === 'bad' ? Promise.reject(unauthenticated()) : Promise.resolve({ authorization, connection }),
      ready: () => Promise.resolve([]),
      close: () => Promise.resolve(),
    };
    const logger = createLogger({ name: 'test', level: 'silent' });
    server = await serveSubgraph({ subgraph, host: '127.0.0.1', port: 0, gatewaySecret: secret, logger });
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.terminate();
    await server.close();
  });

  async function open(init: object = { sharedSocket: 1 }) {
    const socket = new WebSocket(server.url.replace('http', 'ws'), 'graphql-transport-ws', { headers: { 'x-gateway-secret': secret } });
    sockets.push(socket);
    const frames: Frame[] = [];
    socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString()) as Frame));
    await once(socket, 'open');
    const send = (frame: object): void => socket.send(JSON.stringify(frame));
    send({ type: 'connection_init', payload: init });
    await until(() => frames.length > 0);
    const acknowledgement = frames.shift();
    return {
      socket,
      frames,
      send,
      acknowledgement,
      of: (id: string) => frames.filter((frame) => frame.id === id),
      subscribe(id: string, authorization: string, { field = 'quiet', window = 1 } = {}) {
        const extensions = { sharedSocket: { headers: { authorization }, window } };
        send({ type: 'subscribe', id, payload: { query: `subscription { ${field} }`, extensions } });
      },
      notify: (payload: object) => send({ type: 'pong', payload }),
    };
  }

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setImmediate(resolve));
  }

  it('is agreed on when it is offered, and not otherwise', async () => {
    expect((await open()).acknowledgement).toEqual({ type: 'connection_ack', payload: { sharedSocket: 1, maxOperations } });
    for (const init of [{}, { sharedSocket: 2 }, { sharedSocket: true }, { sharedSocket: '1' }]) {
      expect((await open(init)).acknowledgement).toEqual({ type: 'connection_ack' });
    }
  });

  it.each([undefined, 'wrong'])('SECURITY 45: is not even offered to a caller with the secret %s', async (given) => {
    const headers = given === undefined ? {} : { 'x-gateway-secret': given };
    const socket = new WebSocket(server.url.replace('http', 'ws'), 'graphql-transport-ws', { headers });
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
      const shared = await open({ sharedSocket: 1, authorization: 'of the connection' });
      shared.send({ type: 'subscribe', id: '1', payload: { query: 'subscription { me }', extensions } });
      await until(() => shared.frames.length > 0);
      expect(shared.frames).toMatchObject([{ type: 'error', id: '1', payload: [{ extensions: { code: 'BAD_USER_INPUT' } }] }]);
      expect(asked.size).toBe(0);
      expect(shared.socket.readyState).toBe(WebSocket.OPEN);
    });

    it('SECURITY 45: never comes from the connection of a shared socket', async () => {
      const shared = await open({ sharedSocket: 1, authorization: 'of the connection' });
      shared.send({
        type: 'subscribe',
        id: '1',
        payload: { query: 'subscription { me }', extensions: { sharedSocket: { headers: {}, window: 1 } } },
      });
      await until(() => shared.frames.length > 0);
      expect(shared.frames).toEqual([{ type: 'next', id: '1', payload: { data: { me: 'nobody' } } }]);
    });

    it('SECURITY 45: never comes from an operation of a socket that is not shared', async () => {
      const own = await open({ authorization: 'alice' });
      own.subscribe('1', 'mallory', { field: 'me' });
      await until(() => own.frames.length > 0);
      expect(own.frames[0]).toEqual({ type: 'next', id: '1', payload: { data: { me: 'alice' } } });
      expect([...asked.keys()]).toEqual(['alice']);
    });

    it('SECURITY 45: stays with its operation among 500 that come and go under ids that are used again', async () => {
      const shared = await open();
      let checked = 0;
      for (let round = 0; round < 5; round++) {
        for (let n = 0; n < 100; n++) {
          shared.subscribe(String(n), `user ${round}.${n}`, { field: 'me', window: 2 });
          if (n % 3 === 0) {
            shared.send({ type: 'complete', id: String(n) });
            shared.subscribe(String(n), `user ${round}.${n} again`, { field: 'me', window: 2 });
          }
        }
        await until(() => asked.size === 100);
        for (let n = 0; n < 100; n++) shared.send({ type: 'complete', id: String(n) });
        await until(() => asked.size === 0);
        for (const { id, payload } of shared.frames.splice(0)) {
          const { me } = (payload as { data: { me: string } }).data;
          expect(me).toMatch(new RegExp(`^user ${round}\\.${id}( again)?$`));
          checked += 1;
        }
      }
      expect(checked).toBeGreaterThanOrEqual(1_000);
    });

    it('that is refused ends its own operation only', async () => {
      const shared = await open();
      shared.subscribe('1', 'alice');
      shared.subscribe('2', 'bad');
      await until(() => shared.frames.length > 0 && asked.size === 1);
      expect(shared.frames).toMatchObject([{ type: 'error', id: '2', payload: [{ extensions: { code: 'UNAUTHENTICATED' } }] }]);
      expect([...asked.keys()]).toEqual(['alice']);
    });
  });

  describe('leaving', () => {
    it.each([1000, 1001, 1006, 1012, 4403])('with %i is told to that operation alone, before it is returned', async (code) => {
      const shared = await open();
      shared.subscribe('1', 'alice');
      shared.subscribe('2', 'bob');
      await until(() => asked.size === 2);
      shared.notify({ leaves: [['1', code]] });
      shared.send({ type: 'complete', id: '1' });
      await until(() => seen.length === 2);
      expect(seen).toEqual([`alice left {"code":${String(code)}}`, 'alice returned']);
      expect([...asked.keys()]).toEqual(['bob']);
    });

    it('without a word before `complete` has the code 0', async () => {
      const shared = await open();
      shared.subscribe('1', 'alice');
      await until(() => asked.size === 1);
      shared.send({ type: 'complete', id: '1' });
      await until(() => seen.length === 2);
      expect(seen).toEqual(['alice left {"code":0}', 'alice returned']);
    });

    it('is told to an operation that has not begun yet', async () => {
      const shared = await open();
      shared.subscribe('1', 'alice');
      shared.notify({ leaves: [['1', 1006]] });
      shared.send({ type: 'complete', id: '1' });
      shared.subscribe('2', 'bob');
      await until(() => asked.has('bob'));
      expect(asked.has('alice')).toBe(false);
      expect(seen.filter((what) => what.includes('"code":0'))).toEqual([]);
    });

    it.each([
      [1006, (socket: WebSocket) => socket.terminate()],
      [1012, (socket: WebSocket) => socket.close(1012)],
    ])('of the whole socket with %i is told to every operation', async (code, leave) => {
      const shared = await open();
      for (const name of ['alice', 'bob', 'carol']) shared.subscribe(name, name);
      await until(() => asked.size === 3);
      leave(shared.socket);
      await until(() => seen.length === 6);
      expect(seen.slice(0, 3)).toEqual(['alice', 'bob', 'carol'].map((name) => `${name} left {"code":${String(code)}}`));
    });

    it('with a clean-up that throws does not disturb the others', async () => {
      const shared = await open();
      shared.subscribe('1', 'throws at its end');
      shared.subscribe('2', 'bob');
      await until(() => asked.size === 2);
      shared.send({ type: 'complete', id: '1' });
      await until(() => asked.size === 1);
      shared.send({ type: 'ping' });
      await until(() => shared.frames.length > 0);
      expect(shared.frames).toEqual([{ type: 'pong' }]);
      expect(shared.socket.readyState).toBe(WebSocket.OPEN);
    });
  });

  describe('P9: flow', () => {
    it('stops at the window of each operation and goes on with its credit, whatever the others do', async () => {
      const shared = await open();
      shared.subscribe('1', 'slow', { field: 'me', window: 3 });
      shared.subscribe('2', 'fast', { field: 'me', window: 3 });
      await until(() => shared.of('1').length === 3 && shared.of('2').length === 3);
      shared.notify({ credits: [['2', 5]] });
      await until(() => shared.of('2').length === 8);
      shared.send({ type: 'ping' });
      await until(() => shared.frames.some(({ type }) => type === 'pong'));
      expect(shared.of('1')).toHaveLength(3);
      // What is not sent is not even asked for, so that its source can merge it.
      expect(asked.get('slow')).toBe(3);
      shared.notify({ credits: [['1', 1]] });
      await until(() => shared.of('1').length === 4);
    });

    it('ends at once for one that waits for credit', async () => {
      const shared = await open();
      shared.subscribe('1', 'slow', { field: 'me', window: 1 });
      await until(() => shared.of('1').length === 1);
      shared.send({ type: 'complete', id: '1' });
      await until(() => asked.size === 0);
      expect(seen).toEqual(['slow left {"code":0}', 'slow returned']);
    });

    it('takes no credit from what is no notice', async () => {
      const shared = await open();
      shared.subscribe('1', 'slow', { field: 'me', window: 1 });
      await until(() => shared.of('1').length === 1);
      for (const credits of [7, {}, [['1', 0]], [['1', -1]], [['1', 1.5]], [['1', '9']], [[1, 9]], [['1', 9, 9]], [null], [['2', 9]]]) {
        shared.notify({ credits, leaves: credits });
      }
      shared.send({ type: 'ping' });
      await until(() => shared.frames.some(({ type }) => type === 'pong'));
      expect(shared.of('1')).toHaveLength(1);
      expect(asked.size).toBe(1);
    });
  });

  it('takes twice as many operations as it has said, for those that still wind down, and not one more', async () => {
    const shared = await open();
    for (let n = 1; n <= 2 * maxOperations; n++) shared.subscribe(String(n), `user ${n}`);
    await until(() => asked.size === 2 * maxOperations);
    expect(shared.frames).toEqual([]);
    shared.subscribe('one more', 'mallory');
    await until(() => shared.frames.length > 0);
    expect(shared.frames).toMatchObject([{ type: 'error', id: 'one more', payload: [{ extensions: { code: 'RATE_LIMITED' } }] }]);
    shared.send({ type: 'complete', id: '1' });
    await until(() => asked.size === 2 * maxOperations - 1);
    shared.subscribe('one more', 'bob');
    await until(() => asked.has('bob'));
  });

  it('lets all its operations leave and as many begin at the same moment', async () => {
    const shared = await open();
    for (let n = 1; n <= maxOperations; n++) shared.subscribe(`first ${n}`, `first ${n}`);
    for (let n = 1; n <= maxOperations; n++) {
      shared.send({ type: 'complete', id: `first ${n}` });
      shared.subscribe(`then ${n}`, `then ${n}`);
    }
    await until(() => asked.has(`then ${maxOperations}`) && asked.size === maxOperations);
    expect(shared.frames).toEqual([]);
    expect([...asked.keys()].every((name) => name.startsWith('then'))).toBe(true);
  });

  it('takes frames up to 1 MB and closes with 1009 above it', async () => {
    const shared = await open();
    const frame = (size: number): string => {
      const text = JSON.stringify({ type: 'ping', payload: { text: '' } });
      return text.replace('""', `"${'x'.repeat(size - text.length)}"`);
    };
    shared.socket.send(frame(1024 * 1024));
    await until(() => shared.frames.length > 0);
    expect(shared.frames).toMatchObject([{ type: 'pong' }]);
    const closed = once(shared.socket, 'close') as Promise<[number]>;
    shared.socket.send(frame(1024 * 1024 + 1));
    expect((await closed)[0]).toBe(1009);
  });

  it('is closed with 4400 for a binary frame', async () => {
    const shared = await open();
    const closed = once(shared.socket, 'close') as Promise<[number]>;
    shared.socket.send(Buffer.from('{"type":"ping"}'));
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
