import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { GraphQLError } from 'graphql';
import { AppError } from '../../shared/errors/app-error.js';
import { createLogger } from '../../shared/logging/logger.js';
import { startLittleSupergraph, type LittleSupergraph } from '../../tests/testkit/gateway/little-supergraph.js';
import { createOperationPolicy } from '../policy/operation-policy.js';
import { createGraphqlDoor } from './graphql-door.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const json = { 'content-type': 'application/json' };
const megabyte = 1024 * 1024;

let little: LittleSupergraph;
let server: Server;
let url: string;
let refusals: readonly GraphQLError[] = [];
let authenticated: () => Promise<void> = () => Promise.resolve();

beforeAll(async () => {
  little = await startLittleSupergraph('in-process');
  const door = createGraphqlDoor({
    supergraph: little.supergraph,
    authenticate: async ({ requestId }) => {
      await authenticated();
      return { viewer: null, subgraphHeaders: { 'x-request-id': requestId } };
    },
    policy: { ...createOperationPolicy(), check: () => refusals },
    trustsProxy: () => false,
    corsOrigins: ['https://game.example'],
    logger,
  });
  server = createServer((request, response) => {
    if (!door.handle(request, response)) response.writeHead(404).end('not for the door');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/graphql`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await little.close();
});
beforeEach(() => {
  refusals = [];
  authenticated = () => Promise.resolve();
});

interface Given {
  readonly status: number;
  readonly headers: Headers;
  readonly body: { readonly data?: unknown; readonly errors?: readonly { message: string; extensions: Record<string, unknown> }[] };
}

async function ask(init: RequestInit & { readonly search?: string } = {}): Promise<Given> {
  const response = await fetch(`${url}${init.search ?? ''}`, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? {} : (JSON.parse(text) as Given['body']) };
}

const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = json) => ask({ method: 'POST', headers, body });
const run = (query: string, rest: object = {}) => post(JSON.stringify({ query, ...rest }));
const get = (parameters: Record<string, string>, headers: Record<string, string> = { 'apollo-require-preflight': 'yes' }) =>
  ask({ search: `?${new URLSearchParams(parameters).toString()}`, headers });

/** A refusal in the shape of GraphQL, with all headers of an answer. */
function expectRefusal({ status, headers, body }: Given, expected: { status: number; code?: string; message?: RegExp }): void {
  expect(status).toBe(expected.status);
  expect(body).toEqual({
    errors: [
      expect.objectContaining({
        message: expected.message === undefined ? expect.any(String) : expect.stringMatching(expected.message),
        extensions: { code: expected.code ?? 'BAD_USER_INPUT', requestId: headers.get('x-request-id') },
      }),
    ],
  });
  expectOurHeaders(headers);
}

function expectOurHeaders(headers: Headers): void {
  expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
  expect(headers.get('transfer-encoding')).toBeNull();
}

describe('A request that is none of GraphQL over HTTP is refused in the form of GraphQL:', () => {
  it.each(['PUT', 'DELETE', 'PATCH'])('the method %s with 405 and the methods that there are', async (method) => {
    const given = await ask({ method, headers: json, body: '{"query":"{ instant }"}' });
    expectRefusal(given, { status: 405 });
    expect(given.headers.get('allow')).toBe('GET, POST');
  });

  it('HEAD without a body, as HTTP wants it', async () => {
    expect(await ask({ method: 'HEAD' })).toMatchObject({ status: 405, body: {} });
  });

  it.each([
    [{}, 415],
    [{ 'content-type': 'text/plain' }, 415],
    [{ 'content-type': 'application/x-www-form-urlencoded' }, 415],
    [{ 'content-type': 'multipart/form-data; boundary=x' }, 415],
    [{ 'content-type': 'application/json; charset=utf-16' }, 415],
    [{ 'content-type': 'application/json; charset=iso-8859-1' }, 415],
    [{ ...json, 'content-encoding': 'gzip' }, 400],
    [{ ...json, 'content-encoding': 'br' }, 400],
    [{ ...json, accept: 'text/html' }, 406],
    [{ ...json, accept: 'application/json;q=0' }, 406],
  ])('the headers %j with %i', async (headers: Record<string, string>, status) => {
    // Bytes, because fetch would give a string a type.
    expectRefusal(await post(new TextEncoder().encode('{"query":"{ instant }"}'), headers), { status });
  });

  it.each([
    ['', /empty/],
    ['{"query', /not valid JSON/],
    ['[{"query":"{ instant }"}]', /Lists of operations/],
    ['{}', /no "query"/],
    ['{"query":1}', /"query"/],
    ['{"query":"{ instant }","variables":[]}', /"variables"/],
  ])('the body %s with 400', async (body, message) => {
    expectRefusal(await post(body), { status: 400, message });
  });

  it('bytes that are no UTF-8 with 400', async () => {
    expectRefusal(await post(new Uint8Array([0x7b, 0xff, 0x7d])), { status: 400, message: /UTF-8/ });
  });

  it('SECURITY 28: what a page of another site can send without being asked with 400', async () => {
    for (const headers of [{}, { 'content-type': 'text/plain' }, { 'apollo-require-preflight': '' }]) {
      expectRefusal(await get({ query: '{ instant }' }, headers), { status: 400, message: /another site/ });
    }
  });
});

describe('SECURITY 35: a body', () => {
  const ofSize = (bytes: number) => `{"query":"{ instant }"}${' '.repeat(bytes - 23)}`;

  it('of 1 MB is read', async () => {
    expect(ofSize(megabyte)).toHaveLength(megabyte);
    expect((await post(ofSize(megabyte))).status).toBe(200);
  });

  it('SECURITY 35: of a byte more is refused with 413 and ends the connection', async () => {
    const given = await post(ofSize(megabyte + 1));
    expectRefusal(given, { status: 413 });
    expect(given.headers.get('connection')).toBe('close');
  });

  it('of a byte more in chunks, without a length, is refused with 413', async () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write('POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n');
    const half = ' '.repeat(megabyte / 2);
    for (const chunk of [half, half, ' ']) socket.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    socket.write('0\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
  });

  it('that comes in pieces is put together, also within a character', async () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const body = Buffer.from('{"query":"{ anything(value: \\"Zoë\\") }"}');
    socket.setNoDelay(true);
    socket.write(`POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`);
    const cut = body.indexOf(0xc3) + 1;
    socket.write(body.subarray(0, cut));
    // Until the server has seen the first piece on its own.
    await new Promise((resolve) => setImmediate(resolve));
    socket.write(body.subarray(cut));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toContain('{"data":{"anything":"Zoë"}}');
    socket.destroy();
  });
});

describe('An operation that cannot run is refused before anything is fetched', () => {
  it.each<[string, object, string]>([
    ['{', {}, 'GRAPHQL_PARSE_FAILED'],
    ['', {}, 'GRAPHQL_PARSE_FAILED'],
    ['{ nowhere }', {}, 'GRAPHQL_VALIDATION_FAILED'],
    ['{ ...Unknown }', {}, 'GRAPHQL_VALIDATION_FAILED'],
    ['{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }', {}, 'GRAPHQL_VALIDATION_FAILED'],
    ['query A { instant } query B { instant }', {}, 'OPERATION_RESOLUTION_FAILURE'],
    ['query A { instant }', { operationName: 'B' }, 'OPERATION_RESOLUTION_FAILURE'],
    ['query A { instant }', { operationName: '__proto__' }, 'OPERATION_RESOLUTION_FAILURE'],
    ['fragment A on Query { instant }', {}, 'OPERATION_RESOLUTION_FAILURE'],
    ['type Query { a: Int }', {}, 'OPERATION_RESOLUTION_FAILURE'],
    ['subscription { ticks { n } }', {}, 'BAD_USER_INPUT'],
    ['query($id: ID!) { user(id: $id) { id } }', {}, 'BAD_USER_INPUT'],
    ['query($id: ID!) { user(id: $id) { id } }', { variables: { id: { a: 1 } } }, 'BAD_USER_INPUT'],
    ['query($id: ID!) { user(id: $id) { id } }', { variables: { id: null } }, 'BAD_USER_INPUT'],
  ])('SECURITY 43: %s %j → 400 %s', async (query, rest, code) => {
    little.received.length = 0;
    for (const accept of ['application/json', 'application/graphql-response+json']) {
      const given = await post(JSON.stringify({ query, ...rest }), { ...json, accept });
      expect(given.status).toBe(400);
      expect(given.body).toEqual({
        errors: [expect.objectContaining({ extensions: { code, requestId: given.headers.get('x-request-id') } })],
      });
      expect(given.headers.get('content-type')).toBe(`${accept}; charset=utf-8`);
    }
    expect(little.received).toEqual([]);
  });

  it('SECURITY 43: fragments that would unfold to 2^23 fields end as a clear 4xx or an answer, and soon', async () => {
    const levels = Array.from({ length: 23 }, (_, level) => `fragment F${level} on User { ...F${level + 1} ...F${level + 1} }`).join(' ');
    const given = await run(`{ user(id: "1") { ...F0 } } ${levels} fragment F23 on User { id nowhere }`);
    expect(given.status).toBe(400);
  });

  it('by what the policy says, with the status of its code and when to come back', async () => {
    refusals = [new GraphQLError('Too deep.', { extensions: { code: 'OPERATION_TOO_COMPLEX' } })];
    expectRefusal(await run('{ instant }'), { status: 400, code: 'OPERATION_TOO_COMPLEX', message: /Too deep/ });
    refusals = [new GraphQLError('Slowly.', { extensions: { code: 'RATE_LIMITED', retryAfter: 1.2 } })];
    const limited = await run('{ instant }');
    expect(limited.status).toBe(429);
    expect(limited.headers.get('retry-after')).toBe('2');
    refusals = [new GraphQLError('Again.', { extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } })];
    expect((await run('{ instant }')).status).toBe(200);
  });

  it('with the status of the refusal when it is not known who asks, and without a cause that is ours', async () => {
    authenticated = () => Promise.reject(new AppError('UNAUTHENTICATED', 'Sign in.'));
    expectRefusal(await run('{ instant }'), { status: 401, code: 'UNAUTHENTICATED', message: /Sign in/ });
    authenticated = () => Promise.reject(new AppError('UNAVAILABLE', 'Not now.', { retryAfter: 1 }));
    expect(await run('{ instant }')).toMatchObject({ status: 503, body: { errors: [{ extensions: { retryAfter: 1 } }] } });
    authenticated = () => Promise.reject(new Error('connect ECONNREFUSED 10.1.2.3'));
    const fault = await run('{ instant }');
    expectRefusal(fault, { status: 500, code: 'INTERNAL_SERVER_ERROR', message: /^Something went wrong/ });
  });

  it('a mutation by GET with 405', async () => {
    const given = await get({ query: 'mutation { greet(name: "you") }' });
    expectRefusal(given, { status: 405, message: /POST/ });
    expect(given.headers.get('allow')).toBe('POST');
    const named = 'query A { instant } mutation B { greet(name: "you") }';
    expect((await get({ query: named, operationName: 'B' })).status).toBe(405);
    expect((await get({ query: named, operationName: 'A' })).status).toBe(200);
  });
});

describe('An operation that runs', () => {
  it('answers 200 with its data, in one piece whose length is told, and with the headers of every answer', async () => {
    const given = await run('query($id: ID!) { user(id: $id) { id stars } }', { variables: { id: 'Zoë', unknown: [] } });
    expect(given).toMatchObject({ status: 200, body: { data: { user: { id: 'Zoë' } } } });
    expectOurHeaders(given.headers);
    expect(Number(given.headers.get('content-length'))).toBe(Buffer.byteLength(JSON.stringify(given.body)));
  });

  it('answers 200 with data and errors when a field fails, and with null when that null may not be', async () => {
    expect(await run('{ broken instant }')).toMatchObject({
      status: 200,
      body: {
        data: { broken: null, instant: expect.any(String) },
        errors: [{ path: ['broken'], extensions: { requestId: expect.any(String) } }],
      },
    });
    expect(await run('{ nothing }')).toMatchObject({ status: 200, body: { data: null, errors: [{ path: ['nothing'] }] } });
  });

  it('runs by GET with variables, by either header that makes a browser ask', async () => {
    const parameters = { query: 'query A($id: ID!) { user(id: $id) { id } }', variables: '{"id":"7"}', operationName: 'A' };
    for (const headers of [{ 'apollo-require-preflight': 'yes' }, { 'x-apollo-operation-name': 'A' }, json]) {
      expect(await get(parameters, headers as Record<string, string>)).toMatchObject({
        status: 200,
        body: { data: { user: { id: '7' } } },
      });
    }
  });

  it('may have null for what is missing, and is known by its text', async () => {
    const rest = { operationName: null, variables: null, extensions: null };
    for (let time = 0; time < 2; time++) expect((await run('{ instant }', rest)).status).toBe(200);
    expect((await run('query A { instant } query B { listeners }', { operationName: 'A' })).body).toHaveProperty('data.instant');
    expect((await run('query A { instant } query B { listeners }', { operationName: 'B' })).body).toHaveProperty('data.listeners');
  });

  it('may be asked at the path with a slash or parameters behind, and nowhere else', async () => {
    const body = '{"query":"{ instant }"}';
    for (const search of ['/', '?a=b', '/?a=b']) expect((await ask({ method: 'POST', headers: json, body, search })).status).toBe(200);
    for (const search of ['x', '/x', '//']) expect((await fetch(`${url}${search}`)).status).toBe(404);
  });

  it('is readable for pages of allowed origins only, and caches are told that this depends on the page', async () => {
    const from = async (origin: string) => (await post('{"query":"{ instant }"}', { ...json, origin })).headers;
    const allowed = await from('https://game.example');
    expect(allowed.get('access-control-allow-origin')).toBe('https://game.example');
    expect(allowed.get('access-control-allow-credentials')).toBe('true');
    expect(allowed.get('access-control-expose-headers')).toContain('x-request-id');
    const foreign = await from('https://evil.example');
    expect(foreign.get('access-control-allow-origin')).toBeNull();
    for (const headers of [allowed, foreign]) expect(headers.get('vary')).toBe('Origin');
  });

  it('is answered on a connection that stays, in the order of the questions', async () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const question = (id: string) => {
      const body = JSON.stringify({ query: '{ instant }' });
      return `POST /graphql HTTP/1.1\r\nhost: x\r\nx-request-id: ${id}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    };
    socket.write(question('one') + question('two'));
    let text = '';
    while (!text.includes('x-request-id: two')) text += ((await once(socket, 'data')) as [Buffer])[0].toString();
    expect(text.indexOf('x-request-id: one')).toBeGreaterThan(-1);
    expect(text.indexOf('x-request-id: one')).toBeLessThan(text.indexOf('x-request-id: two'));
    socket.destroy();
  });
});
