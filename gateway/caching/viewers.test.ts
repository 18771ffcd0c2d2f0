import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTVerifyGetKey } from 'jose';
import type { AccessTokenVerifier } from '../../shared/auth/access-token.js';
import { createLogger } from '../../shared/logging/logger.js';
import { startForeignSubgraph, type ForeignSubgraph } from '../../tests/testkit/gateway/foreign-subgraph.js';
import { compose } from '../../tests/testkit/gateway/little-supergraph.js';
import { createAuthenticate } from '../authentication/authenticate.js';
import { createIssuerTokenVerifier } from '../authentication/issuer-tokens.js';
import { createHttpDataSource } from '../datasources/http/http-data-source.js';
import { withholdHeaders } from '../datasources/http/withhold-headers.js';
import { createGraphqlDoor } from '../http/graphql-door.js';
import { createOperationPolicy } from '../policy/operation-policy.js';
import { createGeneration } from '../supergraph/generation.js';
import { openAnswerCache, type AnswerCache } from './answer-cache.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const link = (names: string) => `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [${names}])`;
const audience = 'games';

/** Who the subgraph has answered to. */
function seen(_object: unknown, _arguments: unknown, context: unknown): string {
  const { headers } = context as { readonly headers: IncomingHttpHeaders };
  const { authorization = '', 'x-user-id': user = '', 'x-tenant': tenant = '', 'x-hidden': hidden = '' } = headers;
  return JSON.stringify({ user, tenant, hidden, claims: authorization.split('.')[1] ?? '' });
}

/** Headers of the subgraphs' answers, which tests change. */
const said = new Map<string, string>();
const ends: (() => Promise<unknown>)[] = [];
let subgraphs: readonly ForeignSubgraph[];
let sdl: string;
let key: CryptoKey;
let keys: JWTVerifyGetKey;
let cache: AnswerCache;
/** Of a gateway. */
let url: string;

beforeAll(async () => {
  const resolvers = {
    Query: { who: seen, for: seen, account: () => ({ id: '1' }) },
    Account: { who: seen },
    Mutation: { touch: () => true },
  };
  subgraphs = await Promise.all([
    startForeignSubgraph(
      'accounts',
      `${link('"@key", "@authenticated"')}
      type Query { who: String for(id: ID): String account(id: ID): Account hidden: String @authenticated }
      type Mutation { touch: Boolean }
      type Account @key(fields: "id") { id: ID! who: String }`,
      { ...resolvers, Query: { ...resolvers.Query, hidden: () => 'for those who are signed in' } },
      said,
    ),
    startForeignSubgraph(
      'details',
      `${link('"@key"')} type Account @key(fields: "id") { id: ID! detail: String }`,
      { Account: { __resolveReference: (account: object) => account, detail: seen } },
      said,
    ),
  ]);
  sdl = compose([...subgraphs]);
  const pair = await generateKeyPair('ES256');
  key = pair.privateKey;
  keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k', alg: 'ES256' }] });
});
afterAll(async () => {
  await Promise.all(subgraphs.map((each) => each.stop()));
});

beforeEach(async () => {
  said.clear();
  const opened = openAnswerCache(
    { keepsPrivate: true, maxBytes: 1_000_000, maxEntries: 1_000, redisUrl: undefined, invalidationSecret: undefined },
    { logger },
  );
  if (opened === undefined) throw new Error('there is no cache');
  cache = opened;
  url = await serve(tokensOf('https://a.example'));
});
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
});

const tokensOf = (issuer: string) => createIssuerTokenVerifier({ issuer, audience: [audience], keys });

/** Another gateway, which shares what is kept. Null: it knows no tokens. */
async function serve(accessTokens: AccessTokenVerifier | null): Promise<string> {
  const generation = createGeneration(
    sdl,
    (service) => withholdHeaders(cache.cached(service, createHttpDataSource({ ...service, secret: undefined, logger })), ['x-hidden']),
    { cache },
  );
  const forwardedHeaders = ['x-tenant', 'x-hidden'];
  const door = createGraphqlDoor({
    supergraph: { current: () => generation },
    authenticate: createAuthenticate(accessTokens, forwardedHeaders),
    policy: createOperationPolicy(),
    forwardedHeaders,
    trustsProxy: () => false,
    corsOrigins: ['https://game.example'],
    logger,
  });
  const server = createServer((request, response) => void door.handle(request, response));
  ends.push(async () => {
    server.closeAllConnections();
    server.close();
    await Promise.all([...generation.services.values()].map((source) => source.close()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/graphql`;
}

async function bearer(claims: Readonly<Record<string, unknown>>): Promise<Record<string, string>> {
  const token = await new SignJWT({ iss: 'https://a.example', aud: audience, ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'k' })
    .setIssuedAt()
    .setExpirationTime(typeof claims.exp === 'number' ? claims.exp : '1h')
    .sign(key);
  return { authorization: `Bearer ${token}` };
}

async function ask(query: string, headers: Record<string, string> = {}, { at = url, variables = {} } = {}) {
  const before = subgraphs.reduce((sum, { received }) => sum + received.length, 0);
  const response = await fetch(at, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  });
  const body = (await response.json()) as { data?: Record<string, unknown>; errors?: { extensions: { code: string } }[] };
  return {
    data: body.data,
    codes: body.errors?.map(({ extensions }) => extensions.code),
    headers: response.headers,
    /** Requests to subgraphs. */
    asked: subgraphs.reduce((sum, { received }) => sum + received.length, 0) - before,
  };
}

const forOne = 'max-age=60, private';
const forAll = 'max-age=60, public';
const entityQuery = '{ account { who detail } }';

describe('SECURITY: a private answer', () => {
  beforeEach(() => void said.set('cache-control', forOne));

  it('is kept for the one who asked, also with the next token of the session', async () => {
    const first = await ask(entityQuery, await bearer({ sub: 'ann', jti: '1' }));
    expect(first.asked).toBe(2);
    const second = await ask(entityQuery, await bearer({ sub: 'ann', jti: '2', exp: 4_000_000_000 }));
    expect([second.asked, second.data]).toEqual([0, first.data]);
  });

  it.each<readonly [string, Record<string, unknown>, Record<string, string>]>([
    ['another user', { sub: 'bob' }, {}],
    ['another user who says that they are the first', { sub: 'bob' }, { 'x-user-id': 'ann', 'x-user-name': 'ann' }],
    ['the same user with other roles', { sub: 'ann', roles: ['reader'] }, {}],
    ['the same user with fewer scopes', { sub: 'ann', scope: 'read' }, {}],
    ['the same user for another tenant', { sub: 'ann', tenant: 't2' }, {}],
    ['the same user in another session', { sub: 'ann', sid: 's2' }, {}],
    ['the same user with another forwarded header', { sub: 'ann' }, { 'x-tenant': 't2' }],
  ])('is not for %s', async (_who, claims, headers) => {
    const firsts = { roles: ['admin'], scope: 'read write', tenant: 't1', sid: 's1' };
    const first = await ask(entityQuery, { ...(await bearer({ ...firsts, sub: 'ann' })), 'x-tenant': 't1' });
    const other = await ask(entityQuery, { 'x-tenant': 't1', ...(await bearer({ ...firsts, ...claims })), ...headers });
    expect(other.asked).toBe(2);
    expect(other.data).not.toEqual(first.data);
  });

  it('is not for somebody without a token, and theirs is nobody’s', async () => {
    await ask(entityQuery, await bearer({ sub: 'ann' }));
    expect((await ask(entityQuery)).asked).toBe(2);
    expect((await ask(entityQuery)).asked).toBe(2);
    expect((await ask(entityQuery, { 'x-user-id': 'ann' })).asked).toBe(2);
  });

  it('is not for the user of another issuer who has the same name there', async () => {
    await ask(entityQuery, await bearer({ sub: 'ann' }));
    const other = await bearer({ sub: 'ann', iss: 'https://b.example' });
    const at = await serve(tokensOf('https://b.example'));
    expect((await ask(entityQuery, other, { at })).asked).toBe(2);
  });

  it('is not kept where nobody verifies tokens', async () => {
    const token = await bearer({ sub: 'ann' });
    await ask(entityQuery, token);
    const at = await serve(null);
    for (let n = 0; n < 2; n += 1) expect((await ask(entityQuery, token, { at })).asked).toBe(2);
  });

  it('is not for whoever has a token that is not good any more', async () => {
    await ask('{ who }', await bearer({ sub: 'ann' }));
    const { codes, data } = await ask('{ who }', await bearer({ sub: 'ann', exp: 1_000 }));
    expect([codes, data]).toEqual([['UNAUTHENTICATED'], undefined]);
  });

  it.each([
    ['{ a: for(id: "1") }', '{ a: for(id: "2") }', {}],
    ['query($id: ID) { a: for(id: $id) }', 'query($id: ID) { a: for(id: $id) }', { id: '2' }],
    ['{ a: for(id: "1") }', '{ a: who }', {}],
    ['{ a: who }', '{ b: who }', {}],
    ['{ account(id: "1") { who } }', '{ account(id: "2") { who } }', {}],
  ])('to %s is none to %s', async (one, other, variables) => {
    const token = await bearer({ sub: 'ann' });
    await ask(one, token, { variables: { id: '1' } });
    expect((await ask(other, token, { variables })).asked).toBe(1);
  });

  it('is told to browsers as theirs alone, by the token', async () => {
    const { headers } = await ask('{ who }', await bearer({ sub: 'ann' }));
    expect([headers.get('cache-control'), headers.get('vary')]).toEqual([
      'max-age=60, private',
      'accept, x-tenant, x-hidden, authorization, Origin',
    ]);
  });

  it('is over when its user changes something, in any of their sessions', async () => {
    const [phone, laptop, bob] = await Promise.all([
      bearer({ sub: 'ann', sid: 'phone' }),
      bearer({ sub: 'ann', sid: 'laptop' }),
      bearer({ sub: 'bob' }),
    ]);
    for (const each of [phone, laptop, bob]) await ask(entityQuery, each);
    await ask('mutation { touch }', phone);
    const asked = [];
    for (const each of [phone, laptop, bob]) asked.push((await ask(entityQuery, each)).asked);
    expect(asked).toEqual([2, 2, 0]);
  });
});

describe('SECURITY: a public answer', () => {
  beforeEach(() => void said.set('cache-control', forAll));

  it('is for everyone, with or without a token', async () => {
    const first = await ask(entityQuery, await bearer({ sub: 'ann' }));
    for (const headers of [{}, await bearer({ sub: 'bob' })]) {
      const other = await ask(entityQuery, headers);
      expect([other.asked, other.data]).toEqual([0, first.data]);
      expect([other.headers.get('cache-control'), other.headers.get('vary')]).toEqual([
        expect.stringMatching(/^max-age=(59|60), public$/),
        'accept, x-tenant, x-hidden, Origin',
      ]);
    }
  });

  it('is not for those who send another header that is forwarded, and for those who send another one that is not', async () => {
    await ask(entityQuery, { 'x-tenant': 't1', 'x-hidden': '1' });
    expect((await ask(entityQuery, { 'x-tenant': 't2', 'x-hidden': '1' })).asked).toBe(2);
    expect((await ask(entityQuery, { 'x-tenant': 't1', 'x-hidden': '2', 'x-other': '2' })).asked).toBe(0);
  });

  it('is private where it varies by who asks', async () => {
    said.set('vary', 'Authorization');
    const first = await ask('{ who }', await bearer({ sub: 'ann' }));
    expect(first.headers.get('cache-control')).toBe('max-age=60, private');
    expect((await ask('{ who }', await bearer({ sub: 'bob' }))).asked).toBe(1);
    expect((await ask('{ who }')).asked).toBe(1);
  });

  it('is not for those who may not see the field, nor for caches that do not ask who may', async () => {
    const first = await ask('{ hidden }', await bearer({ sub: 'ann' }));
    expect([first.data, first.headers.get('cache-control')]).toEqual([{ hidden: 'for those who are signed in' }, 'max-age=60, private']);
    const other = await ask('{ hidden }');
    expect([other.data, other.codes, other.headers.get('cache-control')]).toEqual([{ hidden: null }, ['UNAUTHENTICATED'], 'no-store']);
    expect((await ask('{ hidden }', await bearer({ sub: 'bob' }))).asked).toBe(0);
  });
});

describe('An answer by GET', () => {
  async function get(headers: Record<string, string>, query = '{ who }', method = 'GET') {
    const search = method === 'GET' ? `?${new URLSearchParams({ query }).toString()}` : '';
    const response = await fetch(`${url}${search}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(method === 'GET' ? {} : { body: JSON.stringify({ query }) }),
    });
    return { status: response.status, body: await response.text(), headers: response.headers, tag: response.headers.get('etag') ?? '' };
  }

  it.each([
    ['may not be kept', 'no-store', 'GET'],
    ['is asked for by POST', forAll, 'POST'],
  ])('has no tag when it %s, and is given again', async (_why, cacheControl, method) => {
    said.set('cache-control', cacheControl);
    expect(await get({ 'if-none-match': '*' }, '{ who }', method)).toMatchObject({ status: 200, tag: '' });
  });

  it('SECURITY: is not there already for whoever knows the tag of somebody else’s', async () => {
    said.set('cache-control', forOne);
    const [ann, bob] = [await bearer({ sub: 'ann' }), await bearer({ sub: 'bob' })];
    const { tag } = await get(ann);
    const other = await get({ ...bob, 'if-none-match': tag });
    expect([other.status, other.body.includes('bob')]).toEqual([200, true]);
    expect((await get({ 'if-none-match': tag })).status).toBe(200);
    expect((await get({ 'if-none-match': tag, authorization: 'Bearer bad' })).status).toBe(401);
  });

  it('is not sent again to whoever has it, but how long it holds and for whom', async () => {
    said.set('cache-control', forOne);
    const ann = await bearer({ sub: 'ann' });
    const first = await get(ann);
    const again = await get({ ...ann, 'if-none-match': `"old", W/${first.tag}` });
    expect([again.status, again.body, again.tag]).toEqual([304, '', first.tag]);
    for (const name of ['vary', 'x-content-type-options']) expect(again.headers.get(name)).toBe(first.headers.get(name));
    expect(again.headers.get('cache-control')).toMatch(/^max-age=(59|60), private$/);
    expect([again.headers.get('content-length'), again.headers.get('x-request-id')]).toEqual([null, expect.any(String)]);
    expect((await get({ ...ann, 'if-none-match': first.tag }, '{ account { who } }')).status).toBe(200);
  });

  it('has no tag with errors', async () => {
    said.set('cache-control', forAll);
    expect(await get({ 'if-none-match': '*' }, '{ who hidden }')).toMatchObject({ status: 200, tag: '' });
  });
});

describe('What may not be kept', () => {
  it.each([
    ['says no-store', 'no-store'],
    ['says nothing', ''],
  ])('is told so, when a subgraph %s', async (_what, value) => {
    said.set('cache-control', value);
    for (let n = 0; n < 2; n += 1) {
      const { asked, headers: given } = await ask(entityQuery);
      expect([asked, given.get('cache-control'), given.get('vary')]).toEqual([2, 'no-store', 'Origin']);
    }
  });

  it('are mutations', async () => {
    said.set('cache-control', forAll);
    for (let n = 0; n < 2; n += 1) {
      const { asked, headers } = await ask('mutation { touch }', await bearer({ sub: 'ann' }));
      expect([asked, headers.get('cache-control')]).toEqual([1, 'no-store']);
    }
  });
});
