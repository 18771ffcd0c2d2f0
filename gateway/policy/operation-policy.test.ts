import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { codeOf, doorNames, openDoors, type Doors } from '../../tests/testkit/gateway/doors.js';
import { startLittleSupergraph, type LittleSupergraph } from '../../tests/testkit/gateway/little-supergraph.js';
import { hashOf } from './document-hash.js';
import { defaultOperationLimits } from './operation-limits.js';
import { createOperationPolicy, type OperationPolicyOptions } from './operation-policy.js';
import { createOperationRates } from './operation-rates.js';
import { createMemoryPersistedQueries } from './persisted-queries.js';
import { readTrustedDocuments } from './trusted-documents.js';

const instant = '{ instant }';
const hash = hashOf(instant);
const answer = { data: { instant: '1970-01-01T00:00:00.000Z' } };
const persistedQuery = (sha256Hash: unknown, version: unknown = 1) => ({ extensions: { persistedQuery: { version, sha256Hash } } });

describe.each(doorNames)('Over %s', (door) => {
  let little: LittleSupergraph;
  let doors: Doors;
  beforeAll(async () => {
    little = await startLittleSupergraph('in-process');
  });
  afterAll(() => little.close());
  afterEach(() => doors.close());
  const open = async (options: Partial<OperationPolicyOptions> = {}): Promise<void> => {
    doors = await openDoors(createOperationPolicy(options), little);
  };
  const ask = (payload: object, from?: Parameters<Doors['ask']>[2]) => doors.ask(door, payload, from);

  describe('without introspection', () => {
    it.each([
      ['the schema', '{ __schema { queryType { name } } }'],
      ['a type', '{ instant __type(name: "User") { name } }'],
      ['it by an alias', '{ instant: __type(name: "User") { name } }'],
      ['it in a fragment', '{ ...F } fragment F on Query { __schema { queryType { name } } }'],
      ['it in a fragment of a mutation', 'mutation { ...F } fragment F on Mutation { __schema { queryType { name } } }'],
    ])('SECURITY 36: %s is not told', async (_name, query) => {
      await open({ allowsIntrospection: false });
      expect(codeOf(await ask({ query }))).toBe('FORBIDDEN');
    });

    it.each([
      ['a field', { query: '{ instan }' }],
      ['a type', { query: '{ user(id: 1) { ... on Usr { id } } }' }],
      ['an argument', { query: '{ user(idd: 1) { id } }' }],
      ['a directive’s argument', { query: '{ instant @include(iff: true) }' }],
      ['a field of an input in a variable', { query: 'query ($value: Int) { page(first: $value) { idd } }', variables: { value: 'x' } }],
    ])('SECURITY 36: the name of %s that comes close is not suggested', async (_name, payload) => {
      await open({ allowsIntrospection: false });
      const refused = await ask(payload);
      expect(refused.errors?.length).toBeGreaterThan(0);
      expect(JSON.stringify(refused)).not.toContain('Did you mean');
      await doors.close();
      await open();
      // What would be said otherwise; the last one has nothing near.
      if (!('variables' in payload)) expect(JSON.stringify(await ask(payload))).toContain('Did you mean');
    });

    it('SECURITY 36: __typename is still told', async () => {
      await open({ allowsIntrospection: false });
      expect(await ask({ query: '{ __typename user(id: "1") { __typename } }' })).toMatchObject({
        data: { __typename: 'Query', user: { __typename: 'User' } },
      });
    });
  });

  describe('with trusted documents', () => {
    const documents = readTrustedDocuments(JSON.stringify({ 'my-instant': instant }));
    const only = { mode: 'only', documents: { current: () => documents } } as const;
    const prefer = { ...only, mode: 'prefer' } as const;

    it.each([
      ['another document', { query: '{ instant listeners }' }],
      ['the same with another blank', { query: '{  instant }' }],
      ['an empty document', { query: '' }],
      ['another id', { documentId: 'another' }],
      ['a name that every object has', { documentId: 'constructor' }],
      ['the hash of another document', persistedQuery(hashOf('{ listeners }'))],
      ['another document that leaves its hash', { query: '{ listeners }', ...persistedQuery(hashOf('{ listeners }')) }],
      ['another document with the id of a trusted one', { query: '{ listeners }', documentId: 'my-instant' }],
    ])('SECURITY 37: %s is refused where no other may run', async (_name, payload) => {
      await open({ trusted: only, persisted: createMemoryPersistedQueries(100_000) });
      const refused = await ask(payload);
      expect(codeOf(refused)).toBe('FORBIDDEN');
      expect(refused.errors?.[0]?.message).toContain('Only trusted documents run here');
      if (door === 'HTTP') expect(refused.status).toBe(403);
    });

    it.each([
      ['by its id', { documentId: 'my-instant' }],
      ['by its hash', { documentId: hash }],
      ['by its hash with a prefix', { documentId: `sha256:${hash}` }],
      ['by its hash as Apollo’s clients say it', persistedQuery(hash)],
      ['by its text', { query: instant }],
      ['by its id and text', { query: instant, documentId: 'my-instant' }],
    ])('SECURITY 37: a trusted one runs, asked for %s', async (_name, payload) => {
      await open({ trusted: only });
      expect(await ask(payload)).toMatchObject(answer);
    });

    it('others run too where trusted ones are only preferred', async () => {
      await open({ trusted: prefer });
      expect(await ask({ query: '{ listeners }' })).toMatchObject({ data: { listeners: expect.any(Number) } });
      expect(await ask({ documentId: 'my-instant' })).toMatchObject(answer);
      expect(codeOf(await ask({ documentId: 'another' }))).toBe('NOT_FOUND');
    });

    it('an id is nobody’s without a manifest', async () => {
      await open();
      expect(codeOf(await ask({ documentId: 'my-instant' }))).toBe('NOT_FOUND');
    });
  });

  describe('a persisted query', () => {
    const persisted = () => createMemoryPersistedQueries(100_000);

    it('is not found until its text was sent, as Apollo’s clients expect', async () => {
      await open({ persisted: persisted() });
      const first = await ask(persistedQuery(hash));
      expect(first.errors?.[0]).toMatchObject({ message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } });
      expect(await ask({ query: instant, ...persistedQuery(hash) })).toMatchObject(answer);
      expect(await ask(persistedQuery(hash))).toMatchObject(answer);
    });

    it.each([
      ['the hash of another text', { query: instant, ...persistedQuery(hashOf('{ listeners }')) }],
      ['another version', { query: instant, ...persistedQuery(hash, 2) }],
      ['a hash in capitals', { query: instant, ...persistedQuery(hash.toUpperCase()) }],
      ['a number as hash', persistedQuery(7)],
      ['no hash', { query: instant, extensions: { persistedQuery: { version: 1 } } }],
      ['nothing in it', { query: instant, extensions: { persistedQuery: 'x' } }],
    ])('is refused with %s', async (_name, payload) => {
      await open({ persisted: persisted() });
      expect(codeOf(await ask(payload))).toBe('BAD_USER_INPUT');
      expect(codeOf(await ask(persistedQuery(hash)))).toBe('PERSISTED_QUERY_NOT_FOUND');
    });

    it('is not kept when it cannot run', async () => {
      await open({ persisted: persisted() });
      const wrong = '{ nothingAtAll }';
      expect(codeOf(await ask({ query: wrong, ...persistedQuery(hashOf(wrong)) }))).toBe('GRAPHQL_VALIDATION_FAILED');
      expect(codeOf(await ask(persistedQuery(hashOf(wrong))))).toBe('PERSISTED_QUERY_NOT_FOUND');
    });

    it('is not supported when it is switched off', async () => {
      await open();
      const refused = await ask(persistedQuery(hash));
      expect(refused.errors?.[0]).toMatchObject({
        message: 'PersistedQueryNotSupported',
        extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' },
      });
    });

    it('may have to be asked for elsewhere', async () => {
      await open({ persisted: { get: (asked) => Promise.resolve(asked === hash ? instant : undefined), put: () => undefined } });
      expect(await ask(persistedQuery(hash))).toMatchObject(answer);
      expect(codeOf(await ask(persistedQuery(hashOf('x'))))).toBe('PERSISTED_QUERY_NOT_FOUND');
    });
  });

  describe('a client', () => {
    const rates = (operations: number, cost: number) => createOperationRates({ rules: { operations, cost }, now: () => 90_000 });
    const two = { query: '{ user(id: "1") { id } page(first: 1) { id } }' };

    it('SECURITY 35: is refused after so many operations in a minute, and nobody else is', async () => {
      await open({ rates: rates(2, 100) });
      for (let n = 0; n < 2; n++) expect(codeOf(await ask({ query: instant }, { user: 'alice' }))).toBeUndefined();
      const refused = await ask({ query: instant }, { user: 'alice' });
      expect(refused.errors?.[0]).toMatchObject({ extensions: { code: 'RATE_LIMITED', retryAfter: 30 } });
      if (door === 'HTTP') expect([refused.status, refused.retryAfter]).toEqual([429, '30']);
      expect(codeOf(await ask({ query: instant }, { user: 'bob' }))).toBeUndefined();
    });

    it('SECURITY 35: is refused after so much cost in a minute', async () => {
      await open({ rates: rates(100, 5) });
      for (let n = 0; n < 2; n++) expect(codeOf(await ask(two, { user: 'alice' }))).toBeUndefined();
      expect(codeOf(await ask(two, { user: 'alice' }))).toBe('RATE_LIMITED');
      expect(codeOf(await ask({ query: '{ user(id: "1") { id } }' }, { user: 'alice' }))).toBeUndefined();
    });

    it('without a name counts as its network, and as nobody behind a proxy that is not known', async () => {
      await open({ rates: rates(1, 100) });
      expect(codeOf(await ask({ query: instant }, { address: '203.0.113.1' }))).toBeUndefined();
      expect(codeOf(await ask({ query: instant }, { address: '203.0.113.200' }))).toBe('RATE_LIMITED');
      expect(codeOf(await ask({ query: instant }, { address: '203.0.114.1' }))).toBeUndefined();
      for (let n = 0; n < 2; n++) expect(codeOf(await ask({ query: instant }, { address: '10.1.2.3' }))).toBeUndefined();
    });
  });

  it('SECURITY 35: an operation may ask subgraphs so often, by its plan, and the limit is what they see', async () => {
    await open({ limits: { ...defaultOperationLimits, maxSubgraphCalls: 3 } });
    little.received.length = 0;
    // accounts, then reviews for the friend, then accounts for the friend's name.
    expect(codeOf(await ask({ query: '{ user(id: "1") { bestFriend { name } } }' }))).toBeUndefined();
    expect(little.received).toHaveLength(3);
    const refused = await ask({ query: '{ listeners user(id: "1") { bestFriend { name } } }' });
    expect(codeOf(refused)).toBe('OPERATION_TOO_COMPLEX');
    expect(refused.errors?.[0]?.message).toContain('at most 3 (MAX_SUBGRAPH_CALLS), and it has 4');
    expect(little.received).toHaveLength(3);
  });
});

describe('Documents in a URL', () => {
  it.each(['documentId', 'id'])('SECURITY 37: are asked for by "%s"', async (name) => {
    const documents = readTrustedDocuments(JSON.stringify({ 'my-instant': instant }));
    const doors = await openDoors(createOperationPolicy({ trusted: { mode: 'only', documents: { current: () => documents } } }));
    const get = (search: string) => fetch(`${doors.url}/graphql?${search}`, { headers: { 'apollo-require-preflight': 'yes' } });
    expect(await (await get(`${name}=my-instant`)).json()).toEqual(answer);
    expect((await get(`${name}=another`)).status).toBe(403);
    expect((await get(`query=${encodeURIComponent('{ listeners }')}`)).status).toBe(403);
    await doors.close();
  });
});
