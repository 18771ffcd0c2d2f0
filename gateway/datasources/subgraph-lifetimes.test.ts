import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { GraphQLSchema, OperationTypeNode, parse } from 'graphql';
import { declareSharing, type Audience } from '../../shared/graphql/sharing/sharing.js';
import type { Subgraph } from '../../shared/graphql/subgraph.js';
import { serveSubgraph } from '../../shared/graphql/subgraph-server.js';
import { createLogger } from '../../shared/logging/logger.js';
import { createOperationCachings } from '../caching/operation-caching.js';
import { createHttpDataSource } from './http/http-data-source.js';
import { createInProcessDataSource } from './in-process/in-process-data-source.js';
import type { SubgraphDataSource } from './subgraph-data-source.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const secret = 'only-for-tests-only-for-tests-only-for-tests';
const schema = buildSubgraphSchema({
  typeDefs: parse(`
    directive @cacheControl(maxAge: Int, scope: CacheControlScope, inheritMaxAge: Boolean) on FIELD_DEFINITION | OBJECT
    enum CacheControlScope { PUBLIC PRIVATE }
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
    type Query { title: String @cacheControl(maxAge: 30) mine: String @cacheControl(maxAge: 20, scope: PRIVATE) bare: String
      broken: String @cacheControl(maxAge: 30) }
    type Mutation { write: String @cacheControl(maxAge: 30) }
    type User @key(fields: "id") @cacheControl(maxAge: 60) { id: ID! name: String bio: String secret: String }`),
  resolvers: {
    Query: {
      title: () => 't',
      mine: () => 'm',
      broken() {
        throw new Error('broken');
      },
    },
    User: { __resolveReference: (user: object) => user, name: () => 'n' },
  },
});

const subgraph: Subgraph = {
  name: 'hinted',
  schema,
  createContext: () => Promise.resolve({}),
  ready: () => Promise.resolve([]),
  close: () => Promise.resolve(),
};

const ruled: Subgraph = {
  ...subgraph,
  sharing: declareSharing(schema, {
    User: {
      id: 'everyone',
      name: 'everyone',
      bio: () => Promise.resolve<Audience>({ everyoneBut: ['user-2'] }),
      secret: () => Promise.resolve<Audience>('asker'),
    },
  }),
};

const user = (field: string) =>
  `query($representations: [_Any!]!) { _entities(representations: $representations) { ... on User { ${field} } } }`;

describe.each(['in one process', 'over HTTP'])('What a subgraph says by @cacheControl, %s,', (way) => {
  const ends: (() => Promise<void>)[] = [];
  const sources: Record<'free' | 'ruled', SubgraphDataSource | undefined> = { free: undefined, ruled: undefined };

  async function open(served: Subgraph): Promise<SubgraphDataSource> {
    if (way === 'in one process') return createInProcessDataSource({ subgraph: served, logger });
    const server = await serveSubgraph({ subgraph: served, host: '127.0.0.1', port: 0, gatewaySecret: secret, logger });
    ends.push(() => server.close());
    return createHttpDataSource({ name: 'hinted', url: server.url, secret, logger });
  }
  beforeAll(async () => {
    for (const [name, each] of [['free', subgraph] as const, ['ruled', ruled] as const]) {
      const source = await open(each);
      sources[name] = source;
      ends.unshift(() => source.close());
    }
  });
  afterAll(async () => {
    for (const end of ends) await end();
  });

  /** Asked twice: the second time a served subgraph answers past Apollo Server. */
  async function lifetimes(name: 'free' | 'ruled', query: string, authorization?: string) {
    const subgraphHeaders = authorization === undefined ? {} : { authorization };
    const caller = { subgraphHeaders, signal: new AbortController().signal };
    const caching = createOperationCachings()({
      operation: OperationTypeNode.QUERY,
      caller,
      schemaId: 'schema',
      schema: new GraphQLSchema({}),
    });
    const variables = query.includes('$representations') ? { representations: [{ __typename: 'User', id: '1' }] } : {};
    const results = [];
    for (let n = 0; n < 2; n += 1) {
      results.push(await sources[name]?.fetch({ query, operationName: undefined, variables }, { ...caller, caching }));
    }
    return results.map((result) => ({ lifetime: result?.lifetime, scope: result?.scope?.kind }));
  }
  const twice = (said: object) => [said, said];
  const nothing = { lifetime: undefined, scope: undefined };
  const forAll = (seconds: number) => ({ seconds, isPrivate: false });
  const forOne = (seconds: number) => ({ seconds, isPrivate: true });

  it.each([
    ['{ bare }', nothing],
    ['{ title bare }', nothing],
    ['{ title broken }', nothing],
    ['mutation { write }', nothing],
    ['{ title }', { lifetime: forAll(30), scope: 'public' }],
    ['{ title mine }', { lifetime: forOne(20), scope: 'private' }],
    [user('name'), { lifetime: forAll(60), scope: 'public' }],
  ])('of %s, is known to somebody without a token', async (query, said) => {
    expect(await lifetimes('free', query)).toEqual(twice(said));
  });

  it.each([
    ['{ bare }', nothing],
    ['{ title }', { lifetime: forAll(30), scope: undefined }],
    ['{ title mine }', { lifetime: forOne(20), scope: undefined }],
  ])('of %s, is known to somebody with a token', async (query, said) => {
    expect(await lifetimes('free', query, 'Bearer token')).toEqual(twice(said));
  });

  it.each([
    [user('name'), { lifetime: forAll(60), scope: 'public' }],
    // Not for everyone.
    [user('bio'), { lifetime: undefined, scope: 'public' }],
    [user('name secret'), { lifetime: forOne(60), scope: 'private' }],
    // Without a rule.
    ['{ title }', { lifetime: forOne(30), scope: 'private' }],
  ])('of %s, is no more than its rules of sharing allow', async (query, said) => {
    expect(await lifetimes('ruled', query)).toEqual(twice(said));
    expect(await lifetimes('ruled', query, 'Bearer token')).toEqual(
      twice({ lifetime: { seconds: query === '{ title }' ? 30 : 60, isPrivate: true }, scope: undefined }),
    );
  });
});
