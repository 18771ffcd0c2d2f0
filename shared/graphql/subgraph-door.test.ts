import { connect } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import { AppError, unauthenticated } from '../errors/app-error.js';
import { createLogger } from '../logging/logger.js';
import { declareSharing } from './sharing/sharing.js';
import { serveSubgraph, type SubgraphServer } from './subgraph-server.js';
import type { Subgraph } from './subgraph.js';

const secret = 'only-for-tests-only-for-tests-only-for-tests';
const schema = buildSchema(`
  type Query { echo(n: Int!, text: String): String refuse: String fail: String never: String! user: User }
  type Mutation { count: Int! }
  type Subscription { ticks: Int }
  type User { id: ID! name: String own: String }
`);
let count = 0;
Object.assign(schema.getQueryType()?.getFields().echo ?? {}, {
  resolve: (_root: unknown, { n, text = null }: { n: number; text?: string | null }) => `${n} ${text}`,
});
Object.assign(schema.getQueryType()?.getFields().refuse ?? {}, {
  resolve: () => {
    throw new AppError('FORBIDDEN', 'Only for moderators.', { retryAfter: 2 });
  },
});
Object.assign(schema.getQueryType()?.getFields().fail ?? {}, {
  resolve: () => {
    throw new Error('password authentication failed for user "auth"');
  },
});
Object.assign(schema.getQueryType()?.getFields().user ?? {}, { resolve: () => ({ id: '1', name: 'Ada', own: 'mine' }) });
Object.assign(schema.getMutationType()?.getFields().count ?? {}, { resolve: () => (count += 1) });

const subgraph: Subgraph = {
  name: 'fake',
  schema,
  sharing: declareSharing(schema, {
    Query: { user: 'everyone' },
    User: { id: 'everyone', name: () => Promise.resolve({ everyoneBut: ['user-2'] }) },
  }),
  createContext: ({ authorization }) => {
    if (authorization === 'Bearer bad') return Promise.reject(unauthenticated());
    if (authorization === 'Bearer fault') return Promise.reject(new Error('connect ECONNREFUSED 10.1.2.3'));
    return Promise.resolve({});
  },
  ready: () => Promise.resolve([]),
  close: () => Promise.resolve(),
};

let server: SubgraphServer;
beforeAll(async () => {
  const logger = createLogger({ name: 'test', level: 'silent' });
  server = await serveSubgraph({ subgraph, host: '127.0.0.1', port: 0, gatewaySecret: secret, logger });
});
afterAll(() => server.close());

async function ask(body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-gateway-secret': secret, 'x-request-id': 'r-1', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const { date: _date, connection: _connection, 'content-length': _length, ...rest } = Object.fromEntries(response.headers);
  return { status: response.status, headers: rest, body: JSON.parse(await response.text()) as unknown };
}

describe('An operation that Apollo Server knows', () => {
  const echo = 'query Q($n: Int!, $text: String = "given") { echo(n: $n, text: $text) }';

  it.each<[string, object, Record<string, string>]>([
    ['data', { query: echo, variables: { n: 1 } }, {}],
    ['data for a client that names the other type', { query: echo, variables: { n: 2 } }, { accept: 'application/graphql-response+json' }],
    ['nothing for a client that can read neither type', { query: '{ echo(n: 4) }' }, { accept: 'text/html' }],
    ['a default and a null', { query: echo, operationName: 'Q', variables: { n: 3, text: null } }, {}],
    ['a missing variable', { query: echo }, {}],
    ['a wrong variable', { query: echo, variables: { n: 'one' } }, {}],
    ['variables that are no object', { query: echo, variables: 'n=1' }, {}],
    ['a name that is not there', { query: echo, operationName: 'Other', variables: { n: 1 } }, {}],
    ['a name of the wrong type', { query: echo, operationName: 7, variables: { n: 1 } }, {}],
    ['extensions', { query: echo, variables: { n: 1 }, extensions: { persistedQuery: { version: 1, sha256Hash: 'x' } } }, {}],
    ['a refusal', { query: '{ refuse echo(n: 1) }' }, {}],
    ['a fault', { query: '{ fail echo(n: 1) }' }, {}],
    ['a null that may not be', { query: '{ never }' }, {}],
    ['what anybody may have', { query: '{ user { id } }' }, {}],
    ['what anybody but some may have', { query: '{ user { id name } }' }, {}],
    ['what the asker may have', { query: '{ user { id own } }' }, {}],
    ['what somebody who is known may have', { query: '{ user { id } }' }, { authorization: 'Bearer good' }],
    ['a token that is refused', { query: '{ user { id } }' }, { authorization: 'Bearer bad' }],
    ['a context that fails', { query: '{ user { id } }' }, { authorization: 'Bearer fault' }],
    ['introspection', { query: '{ __schema { types { name } } }' }, {}],
    ['an unknown field', { query: '{ nowhere }' }, {}],
    ['no GraphQL', { query: '{' }, {}],
    ['a list', [{ query: '{ user { id } }' }], {}],
    ['no query', { variables: {} }, {}],
  ])('is answered without it as with it: %s', async (name, given, headers) => {
    // A text of its own, which nobody has sent before.
    const body = 'query' in given ? { ...given, query: `${String(given.query)} # ${name}` } : given;
    const first = await ask(body, headers);
    await ask(body);
    for (let time = 0; time < 2; time += 1) expect(await ask(body, headers)).toEqual(first);
    expect(JSON.stringify(first.body)).not.toMatch(/password|ECONNREFUSED|stack/);
    expect(first.headers).toMatchObject({ 'x-request-id': 'r-1', 'x-content-type-options': 'nosniff' });
  });

  it('shows what holds for everyone, and for whom it does not', async () => {
    for (let time = 0; time < 2; time += 1) {
      expect((await ask({ query: '{ user { name } }' })).headers).toMatchObject({ 'cache-control': 'public', 'x-shared-except': 'user-2' });
    }
  });

  it('does what it does once for each request', async () => {
    count = 0;
    for (const expected of [1, 2, 3]) expect((await ask({ query: 'mutation { count }' })).body).toEqual({ data: { count: expected } });
  });

  it('never introspects, also when it was accepted in parts', async () => {
    for (let time = 0; time < 2; time += 1) {
      expect(await ask({ query: '{ user { id } __type(name: "User") { name } }' })).toMatchObject({ status: 400 });
    }
  });
});

describe('A request to a subgraph', () => {
  it.each([
    ['', 400],
    ['{"query', 400],
    [`{"query":"{ user { id } }"}${' '.repeat(8 * 1024 * 1024)}`, 413],
  ])('without JSON that can be read is refused, %#', async (body, status) => {
    expect(await ask(body)).toMatchObject({ status, body: { errors: [{ extensions: { code: 'BAD_USER_INPUT', requestId: 'r-1' } }] } });
  });

  it('with a compressed body, or one of another type, is refused', async () => {
    expect((await ask('{"query":"{ user { id } }"}', { 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await ask('{"query":"{ user { id } }"}', { 'content-type': 'text/plain' })).status).toBe(400);
  });

  it('may be left in the middle', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.write(
      `POST /graphql HTTP/1.1\r\nhost: x\r\nx-gateway-secret: ${secret}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"query`,
    );
    await once(socket, 'connect');
    socket.destroy();
    expect((await ask({ query: '{ user { id } }' })).status).toBe(200);
  });
});
