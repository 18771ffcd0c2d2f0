import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey, type JSONWebKeySet } from 'jose';
import { WebSocket } from 'ws';
import {
  accessTokenAlgorithm,
  accessTokenType,
  createAccessTokenVerifier,
  tokenAudience,
  tokenIssuer,
} from '../shared/auth/access-token.js';
import { createLogger } from '../shared/logging/logger.js';
import { startLittleSupergraph, type LittleSupergraph } from '../tests/testkit/gateway/little-supergraph.js';
import { createGateway, type Gateway, type GatewayOptions } from './gateway.js';
import { checkSubgraphs } from './readiness.js';

const logger = createLogger({ name: 'test', level: 'silent' });

let privateKey: CryptoKey;
let jwks: JSONWebKeySet;
let little: LittleSupergraph;
let gateway: Gateway;
let url: string;

beforeAll(async () => {
  const pair = await generateKeyPair(accessTokenAlgorithm, { crv: 'Ed25519' });
  privateKey = pair.privateKey;
  jwks = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'one', alg: accessTokenAlgorithm }] };
});

beforeEach(async () => {
  little = await startLittleSupergraph('http');
  await start();
});
afterEach(async () => {
  await gateway.close();
  await little.close();
});

async function start(options: Partial<GatewayOptions> = {}): Promise<void> {
  gateway = await createGateway({
    config: {
      host: '127.0.0.1',
      port: 0,
      publicUrl: 'https://galaxia.example',
      corsOrigins: ['https://game.example'],
      trustsProxy: () => false,
      objectsUrl: 'http://objects.example:9000',
    },
    supergraph: little.supergraph,
    accessTokens: createAccessTokenVerifier({ keys: createLocalJWKSet(jwks), revocations: little.revocations }),
    revocations: little.revocations,
    jwks: () => Promise.resolve(jwks),
    ready: () => checkSubgraphs(little.supergraph),
    routes: [],
    pageFolder: join(tmpdir(), 'no such page'),
    logger,
    ...options,
  });
  url = await gateway.listen();
}

async function restart(options: Partial<GatewayOptions>): Promise<void> {
  await gateway.close();
  await start(options);
}

function claims() {
  return { sid: 'session-1', username: 'alice', roles: ['USER'], amr: ['pwd'], auth_time: Math.floor(Date.now() / 1000) };
}

function sign(key = privateKey, audience = tokenAudience): Promise<string> {
  return new SignJWT(claims())
    .setProtectedHeader({ alg: accessTokenAlgorithm, typ: accessTokenType, kid: 'one' })
    .setIssuer(tokenIssuer)
    .setAudience(audience)
    .setSubject('user-1')
    .setJti('token-1')
    .setIssuedAt()
    .setNotBefore('0s')
    .setExpirationTime('10m')
    .sign(key);
}

async function ask(query: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) as unknown };
}

describe('A token', () => {
  const user = '{ user(id: "1") { id tokenSeen } }';

  it.each<[string, () => Promise<string>]>([
    ['that is none', () => Promise.resolve('Bearer nonsense')],
    ['of another scheme', () => Promise.resolve('Basic YWxpY2U6cGFzc3dvcmQ=')],
    ['that is tampered with', async () => `Bearer ${(await sign()).replace(/\.(.)/, (_all, first) => `.${first === 'e' ? 'f' : 'e'}`)}`],
    [
      'signed by another key',
      async () => `Bearer ${await sign((await generateKeyPair(accessTokenAlgorithm, { crv: 'Ed25519' })).privateKey)}`,
    ],
    ['for another audience', async () => `Bearer ${await sign(privateKey, 'someone-else')}`],
    [
      'without a signature',
      () => Promise.resolve(`Bearer ${new UnsecuredJWT(claims()).setSubject('user-1').setExpirationTime('10m').encode()}`),
    ],
  ])('%s is refused with 401, and no subgraph is asked', async (_name, authorization) => {
    const { status, body } = await ask(user, { authorization: await authorization() });
    expect(status).toBe(401);
    expect(body).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED', requestId: expect.any(String) } }] });
    expect(little.received).toEqual([]);
  });

  it('of a revoked session is refused with 401', async () => {
    const authorization = `Bearer ${await sign()}`;
    expect((await ask(user, { authorization })).status).toBe(200);
    little.revocations.revoke({ sessionId: 'session-1', endedAt: Date.now() });
    expect((await ask(user, { authorization })).status).toBe(401);
  });

  it('reaches every subgraph as it came, with what the gateway read in it', async () => {
    const authorization = `Bearer ${await sign()}`;
    const { body } = await ask('{ user(id: "1") { tokenSeen stars } }', { authorization });
    expect(body).toEqual({ data: { user: { tokenSeen: authorization, stars: 10 } } });
    expect(little.received.map(({ subgraph }) => subgraph)).toEqual(['accounts', 'reviews']);
    for (const { headers } of little.received)
      expect(headers).toMatchObject({ authorization, 'x-user-id': 'user-1', 'x-user-name': 'alice' });
  });

  it('may be missing, or a blank header as clients send it when nobody is signed in', async () => {
    for (const headers of [{}, { authorization: '' }, { authorization: '  ' }])
      expect((await ask(user, headers)).body).toEqual({ data: { user: { id: '1', tokenSeen: null } } });
    expect((await ask(user, { authorization: 'Bearer' })).status).toBe(401);
  });

  it.each([
    ['Łukasz', '%C5%81ukasz'],
    ['a\nb', 'a%0Ab'],
    ['☃', '%E2%98%83'],
  ])('of somebody whose name no header can carry (%j) reaches every subgraph', async (username, written) => {
    const viewer = { userId: username, username, sessionId: 's', roles: [], authenticatedAt: 0, expiresAt: Date.now() + 60_000 };
    await restart({ accessTokens: { verify: () => Promise.resolve(viewer) } });
    expect((await ask(user)).body).toEqual({ data: { user: { id: '1', tokenSeen: null } } });
    expect(little.received[0]?.headers).toMatchObject({ 'x-user-id': written, 'x-user-name': written });
  });

  it('is passed on unverified by a gateway without keys, which believes nothing else either', async () => {
    await restart({ accessTokens: null, jwks: null });
    const { body } = await ask(user, { authorization: 'Bearer of-their-own', 'x-user-id': 'root' });
    expect(body).toMatchObject({ data: { user: { tokenSeen: 'Bearer of-their-own' } } });
    expect(little.received[0]?.headers).not.toHaveProperty('x-user-id');
    expect((await fetch(`${url}/.well-known/jwks.json`)).status).toBe(404);
  });
});

describe('What a client says about itself', () => {
  it('SECURITY 45: gets no further than the gateway', async () => {
    await ask('{ user(id: "1") { id } }', {
      'x-user-id': 'root',
      'x-user-name': 'root',
      'x-client-ip': '10.0.0.1',
      'x-forwarded-for': '10.0.0.1',
      'x-gateway-secret': 'guessed',
      'user-agent': 'test',
      cookie: 'a=b',
    });
    expect(little.received[0]?.headers).toEqual({
      'x-request-id': expect.any(String),
      'x-client-ip': '127.0.0.1',
      'user-agent': 'test',
    });
  });

  it('but a request id travels to the subgraphs and back', async () => {
    const { headers } = await ask('{ user(id: "1") { id } }', { 'x-request-id': 'from-the-client' });
    expect(headers.get('x-request-id')).toBe('from-the-client');
    expect(little.received[0]?.headers['x-request-id']).toBe('from-the-client');
  });
});

describe('Errors', () => {
  it('of a subgraph show neither its message, nor its address, nor a stack', async () => {
    const { status, body, text } = await ask('{ broken user(id: "1") { id faulty } }', { 'x-request-id': 'r-1' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      data: { broken: null, user: { id: '1', faulty: null } },
      errors: [
        { path: ['broken'], extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: 'r-1' } },
        { path: ['user', 'faulty'], extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: 'r-1' } },
      ],
    });
    expect(text).not.toMatch(/hunter2|10\.0\.0\.7|127\.0\.0\.1|stack|accounts|serviceName/);
  });

  it('that refuse keep their message, their code and when to come back', async () => {
    expect((await ask('{ forbidden }')).body).toMatchObject({
      data: { forbidden: null },
      errors: [{ message: 'Not yours.', path: ['forbidden'], extensions: { code: 'FORBIDDEN', retryAfter: 3 } }],
    });
  });

  it('of a subgraph that is away are UNAVAILABLE, and readiness tells which one', async () => {
    await little.stopSubgraphs();
    const { body, text } = await ask('{ user(id: "1") { id } }');
    expect(body).toMatchObject({ data: { user: null }, errors: [{ extensions: { code: 'UNAVAILABLE' } }] });
    expect(text).not.toMatch(/ECONNREFUSED|127\.0\.0\.1/);
    const ready = await fetch(`${url}/health/ready`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({
      dependencies: expect.arrayContaining([expect.objectContaining({ name: 'accounts', ok: false })]),
    });
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
  });
});

describe('Requests over HTTP', () => {
  it.each([
    ['that cannot be parsed', '{', 'GRAPHQL_PARSE_FAILED'],
    ['with an unknown field', '{ nothingAtAll }', 'GRAPHQL_VALIDATION_FAILED'],
    ['of several operations without a name', 'query A { instant } query B { instant }', 'OPERATION_RESOLUTION_FAILURE'],
  ])('SECURITY 43: %s are answered with 400', async (_name, query, code) => {
    expect(await ask(query)).toMatchObject({ status: 400, body: { errors: [{ extensions: { code } }] } });
  });

  it('that subscribe are told where subscriptions run', async () => {
    expect(await ask('subscription { ticks { __typename } }')).toMatchObject({
      status: 400,
      body: { errors: [{ message: expect.stringContaining('WebSocket'), extensions: { code: 'BAD_USER_INPUT' } }] },
    });
  });

  it.each([
    ['a list', '[{"query":"{ instant }"}]', 400],
    ['a string', '"{ instant }"', 400],
    ['nothing', '', 400],
    ['no JSON', '{"query', 400],
    ['more than 1 MB', JSON.stringify({ query: `{ instant } #${'x'.repeat(1024 * 1024)}` }), 413],
  ])('with %s as body are answered with a 4xx', async (_name, body, status) => {
    const response = await fetch(`${url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect(response.status).toBe(status);
  });

  it('SECURITY 35: with more tokens than anybody’s query has are refused before they cost anything', async () => {
    /** Nine tokens and one for each number. */
    const query = (tokens: number) => `{ anything(value: [${'1 '.repeat(tokens - 9)}]) }`;
    const { status, body } = await ask(query(15_001));
    expect(status).toBe(400);
    expect(body).toMatchObject({ errors: [{ extensions: { code: 'OPERATION_TOO_COMPLEX' } }] });
    expect((await ask(query(15_000))).status).toBe(200);
  });

  it('SECURITY 35: with a compressed body are refused, whatever they would unfold to', async () => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: new Uint8Array(gzipSync(JSON.stringify({ query: '{ instant }' }))),
    });
    expect(response.status).toBe(400);
  });

  it('that a page of another site can send without being asked are refused', async () => {
    expect((await fetch(`${url}/graphql?query={instant}`)).status).toBe(400);
    const body = JSON.stringify({ query: '{ instant }' });
    const response = await fetch(`${url}/graphql`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body });
    expect([400, 415]).toContain(response.status);
  });

  it('SECURITY 28: by GET run queries and no mutations', async () => {
    const headers = { 'apollo-require-preflight': 'yes' };
    expect(await (await fetch(`${url}/graphql?query={instant}`, { headers })).json()).toEqual({
      data: { instant: '1970-01-01T00:00:00.000Z' },
    });
    const mutation = await fetch(`${url}/graphql?query=${encodeURIComponent('mutation { greet(name: "you") }')}`, { headers });
    expect(mutation.status).toBe(405);
  });

  it('are answered in the media type that they accept', async () => {
    const { headers } = await ask('{ instant }', { accept: 'application/graphql-response+json' });
    expect(headers.get('content-type')).toMatch(/^application\/graphql-response\+json/);
    expect((await ask('{ instant }')).headers.get('content-type')).toMatch(/^application\/json/);
  });

  it('SECURITY 42: may use special names of JavaScript', async () => {
    const { text } = await ask('{ __proto__: user(id: "1") { constructor: id toString: name } }');
    expect(text.trim()).toBe('{"data":{"__proto__":{"constructor":"1","toString":"User 1"}}}');
  });

  it('of other origins are let in by CORS only where the configuration names them', async () => {
    const preflight = (origin: string) =>
      fetch(`${url}/graphql`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' },
      });
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
    expect((await preflight('https://game.example')).headers.get('access-control-allow-origin')).toBe('https://game.example');
  });

  it('may send the bytes of an upload from a page of an allowed origin', async () => {
    await restart({ routes: [(app) => void app.put('/uploads/1', () => ({}))] });
    const upload = (origin: string, method: string) =>
      fetch(`${url}/uploads/1`, {
        method,
        headers: {
          origin,
          ...(method === 'PUT' ? {} : { 'access-control-request-method': 'PUT', 'access-control-request-headers': 'content-type' }),
        },
      });
    for (const method of ['OPTIONS', 'PUT']) {
      const [allowed, foreign] = [await upload('https://game.example', method), await upload('https://evil.example', method)];
      expect(allowed.headers.get('access-control-allow-origin')).toBe('https://game.example');
      expect(foreign.headers.get('access-control-allow-origin')).toBeNull();
      if (method === 'PUT') continue;
      expect(allowed.headers.get('access-control-allow-methods')).toMatch(/\bPUT\b/);
      expect(allowed.headers.get('access-control-allow-headers')).toBe('content-type');
    }
  });

  it('SECURITY 35: abort their subgraph requests when the client hangs up', async () => {
    const request = httpRequest(`${url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' } });
    request.on('error', () => undefined);
    request.end(JSON.stringify({ query: '{ slow }' }));
    while (little.received.length === 0) await new Promise((resolve) => setImmediate(resolve));
    request.destroy();
    // An aborted request does not hold up the end; a slow one would, for the time-out of the data source.
    await gateway.close();
    await start();
  }, 5_000);
});

describe('The page at /', () => {
  it('is a line of text when it has not been built', async () => {
    const response = await fetch(`${url}/`);
    expect(response.headers.get('content-type')).toContain('text/plain');
  });
});

describe('Sockets', () => {
  it('close with 1012 when the gateway stops', async () => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${await sign()}` } }));
    await once(socket, 'message');
    const closed = once(socket, 'close') as Promise<[number]>;
    await gateway.close();
    expect((await closed)[0]).toBe(1012);
    await start();
  });

  it.each(['', '  '])('take a caller whose token is %j for anonymous', async (authorization) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } }));
    const [message] = (await once(socket, 'message')) as [Buffer];
    expect(JSON.parse(message.toString())).toEqual({ type: 'connection_ack' });
    socket.close();
  });

  it('SECURITY 40: close with 4403 for a bad token and when their session is revoked', async () => {
    for (const payload of [{ authorization: 'Bearer bad' }, { authorization: 'Bearer' }, { authorization: `Bearer ${await sign()}` }]) {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
      const closed = once(socket, 'close') as Promise<[number]>;
      await once(socket, 'open');
      socket.send(JSON.stringify({ type: 'connection_init', payload }));
      if (payload.authorization.length > 'Bearer bad'.length) {
        await once(socket, 'message');
        little.revocations.revoke({ sessionId: 'session-1', endedAt: Date.now() });
      }
      expect((await closed)[0]).toBe(4403);
    }
  });
});
