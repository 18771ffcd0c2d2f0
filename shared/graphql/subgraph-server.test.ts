import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { buildSchema, type GraphQLSchema } from 'graphql';
import { WebSocket } from 'ws';
import { AppError, unauthenticated } from '../errors/app-error.js';
import { createLogger } from '../logging/logger.js';
import { serveSubgraph, type SubgraphServer } from './subgraph-server.js';
import type { Subgraph, SubgraphHeaders, SubscriptionConnection } from './subgraph.js';
import { until } from '../../tests/testkit/until.js';

const secret = 'only-for-tests-only-for-tests-only-for-tests';
const logger = createLogger({ name: 'test', level: 'silent' });

/** What the subscriptions of the fake have seen, in order. */
let seen: string[] = [];
let server: SubgraphServer | undefined;

/** A source that is quiet until `return()`, as presence at night. */
function quiet(connection: SubscriptionConnection | undefined): AsyncIterableIterator<unknown> {
  let stop: ((result: IteratorResult<unknown>) => void) | undefined;
  connection?.signal.addEventListener('abort', () => seen.push(`left ${JSON.stringify(connection.signal.reason)}`));
  return {
    next: () => new Promise((resolve) => (stop = resolve)),
    return() {
      seen.push('returned');
      stop?.({ value: undefined, done: true });
      return Promise.resolve({ value: undefined, done: true });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function schema(): GraphQLSchema {
  const built = buildSchema(
    'type Query { whoAmI: String refuse: String fail: String } type Subscription { quiet: Int ticks: Int broken: Int }',
  );
  const query = built.getQueryType()?.getFields();
  const subscription = built.getSubscriptionType()?.getFields();
  if (query === undefined || subscription === undefined) throw new Error('the schema has lost its roots');
  Object.assign(query.whoAmI ?? {}, {
    resolve: (_root: unknown, _input: unknown, context: { authorization?: string }) => context.authorization,
  });
  Object.assign(query.refuse ?? {}, {
    resolve: () => {
      throw new AppError('FORBIDDEN', 'Only for moderators.');
    },
  });
  Object.assign(query.fail ?? {}, {
    resolve: () => {
      throw new Error('password authentication failed for user "auth"');
    },
  });
  Object.assign(subscription.quiet ?? {}, {
    subscribe: (_root: unknown, _input: unknown, context: { connection?: SubscriptionConnection }) => quiet(context.connection),
  });
  Object.assign(subscription.ticks ?? {}, {
    async *subscribe() {
      yield { ticks: 1 };
      await Promise.resolve();
      yield { ticks: 2 };
    },
  });
  Object.assign(subscription.broken ?? {}, {
    subscribe: () => {
      throw new Error('password authentication failed for user "auth"');
    },
  });
  return built;
}

const fake: Subgraph = {
  name: 'fake',
  schema: schema(),
  createContext: (headers: SubgraphHeaders, connection) =>
    headers.authorization === 'Bearer bad'
      ? Promise.reject(unauthenticated())
      : Promise.resolve({ authorization: headers.authorization, connection, requestId: headers['x-request-id'] }),
  routes(app) {
    app.put('/uploads/:id', () => 'stored');
  },
  ready: () => Promise.resolve([{ name: 'database', ok: true, latencyMs: 1 }]),
  close: () => Promise.resolve(),
};

beforeEach(async () => {
  seen = [];
  server = await serveSubgraph({
    subgraph: fake,
    host: '127.0.0.1',
    port: 0,
    gatewaySecret: secret,
    logger,
    internalRoutes: (app) => void app.get('/internal/state', () => ({ state: 'inner' })),
  });
});
afterEach(async () => server?.close());

function origin(): string {
  if (server === undefined) throw new Error('not serving');
  return new URL(server.url).origin;
}

async function ask(query: string, headers: Record<string, string> = { 'x-gateway-secret': secret }) {
  const response = await fetch(`${origin()}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
  return { status: response.status, body: await response.text() };
}

describe('The secret', () => {
  it.each([
    ['none', {}],
    ['a wrong one', { 'x-gateway-secret': `${secret}!` }],
    ['an empty one', { 'x-gateway-secret': '' }],
  ])('SECURITY 45: is asked for: with %s nothing but the health is answered', async (_name, headers: Record<string, string>) => {
    expect((await ask('{ whoAmI }', headers)).status).toBe(403);
    for (const [method, path] of [
      ['GET', '/internal/state'],
      ['PUT', '/uploads/1'],
    ] as const) {
      expect((await fetch(`${origin()}${path}`, { method, headers })).status).toBe(403);
    }
    expect((await fetch(`${origin()}/health/ready`)).status).toBe(200);
  });

  it.each([{}, { 'x-gateway-secret': 'wrong' }])('SECURITY 45: is asked for at the upgrade of a socket: %j', async (headers) => {
    const socket = new WebSocket(`${origin().replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers });
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('403');
  });

  it('opens everything when it is right', async () => {
    const headers = { 'x-gateway-secret': secret };
    expect(await (await fetch(`${origin()}/internal/state`, { headers })).json()).toEqual({ state: 'inner' });
    expect(await (await fetch(`${origin()}/uploads/1`, { method: 'PUT', headers })).text()).toBe('stored');
  });
});

describe('Operations over HTTP', () => {
  it('refuse a bad token with a GraphQL error that the gateway can pass on', async () => {
    const { status, body } = await ask('{ whoAmI }', { 'x-gateway-secret': secret, authorization: 'Bearer bad' });
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ data: null, errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  });

  it('keep the code of a refusal and mask a fault', async () => {
    expect(JSON.parse((await ask('{ refuse }')).body)).toMatchObject({
      errors: [{ message: 'Only for moderators.', path: ['refuse'], extensions: { code: 'FORBIDDEN' } }],
    });
    const { body } = await ask('{ fail }');
    expect(JSON.parse(body)).toMatchObject({ errors: [{ path: ['fail'], extensions: { code: 'INTERNAL_SERVER_ERROR' } }] });
    expect(body).not.toMatch(/password|stack/);
  });

  it('answer no introspection', async () => {
    expect((await ask('{ __schema { queryType { name } } }')).body).not.toContain('"queryType"');
  });

  it('see the headers of the contract', async () => {
    const { body } = await ask('{ whoAmI }', { 'x-gateway-secret': secret, authorization: 'Bearer good' });
    expect(JSON.parse(body)).toEqual({ data: { whoAmI: 'Bearer good' } });
  });
});

describe('Subscriptions', () => {
  interface Frame {
    type: string;
    id?: string;
    payload?: unknown;
  }

  async function open(payload: Record<string, string> = {}) {
    const socket = new WebSocket(`${origin().replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      headers: { 'x-gateway-secret': secret },
    });
    const frames: Frame[] = [];
    let wake: (() => void) | undefined;
    socket.on('message', (data: Buffer) => {
      frames.push(JSON.parse(data.toString()) as Frame);
      wake?.();
    });
    const next = async (): Promise<Frame> => {
      for (;;) {
        const frame = frames.shift();
        if (frame !== undefined) return frame;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    };
    const send = (frame: object): void => socket.send(JSON.stringify(frame));
    await once(socket, 'open');
    send({ type: 'connection_init', payload });
    expect(await next()).toEqual({ type: 'connection_ack' });
    return { socket, next, send, subscribe: (query: string, id = '1') => send({ type: 'subscribe', id, payload: { query } }) };
  }

  it.each([
    ['a bad token', { authorization: 'Bearer bad' }, 'subscription { quiet }', 'UNAUTHENTICATED'],
    ['a document that cannot be parsed', {}, 'subscription {', 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', {}, 'subscription { nothing }', 'GRAPHQL_VALIDATION_FAILED'],
  ])('that fail by %s get an error, and the socket stays', async (_name, payload: Record<string, string>, query, code) => {
    const { subscribe, next, socket } = await open(payload);
    subscribe(query);
    const frame = await next();
    expect(frame).toMatchObject({ type: 'error', payload: [{ extensions: { code } }] });
    expect(socket.readyState).toBe(WebSocket.OPEN);
    socket.close();
  });

  it('that fail to start by a fault answer it masked, as their only event', async () => {
    const { subscribe, next, socket } = await open();
    subscribe('subscription { broken }');
    const frame = await next();
    expect(frame).toMatchObject({ type: 'next', payload: { data: null, errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }] } });
    expect(JSON.stringify(frame)).not.toContain('password');
    expect(await next()).toEqual({ type: 'complete', id: '1' });
    socket.close();
  });

  it('survive a root field with @include(if: $variable), on which graphql 16 throws', async () => {
    const { subscribe, next, socket } = await open();
    subscribe('subscription ($if: Boolean!) { quiet @include(if: $if) }');
    expect(await next()).toMatchObject({ type: 'error', id: '1' });
    expect(socket.readyState).toBe(WebSocket.OPEN);
    socket.close();
  });

  it('deliver events and their end', async () => {
    const { subscribe, next, socket } = await open();
    subscribe('subscription { ticks }');
    expect(await next()).toMatchObject({ type: 'next', payload: { data: { ticks: 1 } } });
    expect(await next()).toMatchObject({ type: 'next', payload: { data: { ticks: 2 } } });
    expect(await next()).toEqual({ type: 'complete', id: '1' });
    socket.close();
  });

  it('learn that the client completed, before their source is returned, while it is quiet', async () => {
    const { subscribe, send, socket } = await open();
    subscribe('subscription { quiet }');
    subscribe('subscription { ticks }', '2');
    await once(socket, 'message');
    send({ type: 'complete', id: '1' });
    await until(() => seen.length === 2);
    expect(seen).toEqual(['left {"code":0}', 'returned']);
    socket.close();
  });

  it.each([
    [1000, (socket: WebSocket) => socket.close(1000)],
    [4001, (socket: WebSocket) => socket.close(4001)],
    [1006, (socket: WebSocket) => socket.terminate()],
  ])('learn that the socket closed with %d, before their source is returned', async (code, leave) => {
    const { subscribe, next, socket } = await open();
    subscribe('subscription { quiet }');
    subscribe('subscription { ticks }', '2');
    await next();
    leave(socket);
    await until(() => seen.length === 2);
    expect(seen).toEqual([`left {"code":${String(code)}}`, 'returned']);
  });

  it('end with 1012 when the process stops', async () => {
    const { subscribe, socket } = await open();
    subscribe('subscription { quiet }');
    const closed = once(socket, 'close') as Promise<[number]>;
    await server?.close();
    server = undefined;
    expect((await closed)[0]).toBe(1012);
  });
});
