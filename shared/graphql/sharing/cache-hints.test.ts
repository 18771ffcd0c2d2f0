import { describe, expect, it } from '@jest/globals';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginInlineTraceDisabled } from '@apollo/server/plugin/disabled';
import { ApolloServerPluginCacheControl } from '@apollo/server/plugin/cacheControl';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import { readCacheHints } from './cache-hints.js';

const directive = `
  directive @cacheControl(maxAge: Int, scope: CacheControlScope, inheritMaxAge: Boolean) on FIELD_DEFINITION | OBJECT | INTERFACE | UNION
  enum CacheControlScope { PUBLIC PRIVATE }
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])`;
const typeDefs = parse(`${directive}
  type Query {
    bare: String
    title: String @cacheControl(maxAge: 30)
    mine: String @cacheControl(maxAge: 30, scope: PRIVATE)
    scopeAlone: String @cacheControl(scope: PRIVATE)
    book: Book
    bookFor10: Book @cacheControl(maxAge: 10)
    bookFor90: Book @cacheControl(maxAge: 90)
    books: [Book!] @cacheControl(maxAge: 50)
    plain: Plain
    plainFor20: Plain @cacheControl(maxAge: 20)
    thing: Thing @cacheControl(maxAge: 80)
    media: Media
    child: Child @cacheControl(maxAge: 40)
  }
  type Mutation { write: String @cacheControl(maxAge: 30) }
  type Book @key(fields: "id") @cacheControl(maxAge: 60) {
    id: ID!
    title: String
    stock: Int @cacheControl(maxAge: 5)
    owner: String @cacheControl(scope: PRIVATE)
    maker: Plain
    makerAsLong: Plain @cacheControl(inheritMaxAge: true)
    makerAsLongForMe: Plain @cacheControl(inheritMaxAge: true, scope: PRIVATE)
    child: Child
    never: String @cacheControl(maxAge: 0)
  }
  type Plain @key(fields: "id") { id: ID! name: String }
  type Child @cacheControl(inheritMaxAge: true) { name: String }
  interface Thing { id: ID! }
  type Toy implements Thing { id: ID! size: Int @cacheControl(maxAge: 7) }
  type Tool implements Thing { id: ID! size: Int }
  union Media @cacheControl(maxAge: 33) = Toy | Tool`);

const plain = { id: '1', name: 'n' };
const book = {
  id: '1',
  title: 't',
  stock: 1,
  owner: 'o',
  maker: plain,
  makerAsLong: plain,
  makerAsLongForMe: plain,
  child: { name: 'c' },
  never: 'n',
};
const toy = { __typename: 'Toy', id: '1', size: 1 };
const schema = buildSubgraphSchema([
  {
    typeDefs,
    resolvers: {
      Query: {
        ...{ bare: () => 'b', title: () => 't', mine: () => 'm', scopeAlone: () => 's', books: () => [book] },
        ...{ book: () => book, bookFor10: () => book, bookFor90: () => book, plain: () => plain, plainFor20: () => plain },
        ...{ thing: () => toy, media: () => toy, child: () => ({ name: 'c' }) },
      },
      Mutation: { write: () => 'w' },
      Book: { __resolveReference: () => book },
      Plain: { __resolveReference: () => plain },
    },
  },
]);
const apollo = new ApolloServer({ schema, plugins: [ApolloServerPluginCacheControl(), ApolloServerPluginInlineTraceDisabled()] });
const hints = readCacheHints(schema);

async function bothSay(query: string, representations: readonly object[] = []): Promise<{ ours: string; apollos: string | undefined }> {
  const hint = hints?.(parse(query));
  const ours = hint === undefined ? 'no-store' : `max-age=${hint.maxAge}, ${hint.isPrivate ? 'private' : 'public'}`;
  const { http, body } = await apollo.executeOperation({ query, variables: representations.length === 0 ? {} : { representations } });
  expect(body).toMatchObject({ kind: 'single', singleResult: { data: expect.anything() } });
  return { ours, apollos: http.headers.get('cache-control') };
}

const entities = (selections: string) =>
  `query($representations: [_Any!]!) { _entities(representations: $representations) { ${selections} } }`;

describe('Hints of a schema', () => {
  it.each([
    ['{ bare }', 'no-store'],
    ['{ title }', 'max-age=30, public'],
    ['{ title bare }', 'no-store'],
    ['{ __typename title }', 'max-age=30, public'],
    ['{ title mine }', 'max-age=30, private'],
    ['{ scopeAlone }', 'no-store'],
    ['{ title scopeAlone }', 'no-store'],
    ['{ book { title } }', 'max-age=60, public'],
    ['{ bookFor10 { title } }', 'max-age=10, public'],
    ['{ bookFor90 { title } }', 'max-age=90, public'],
    ['{ books { title stock } }', 'max-age=5, public'],
    ['{ book { owner } }', 'max-age=60, private'],
    ['{ book { maker { name } } }', 'no-store'],
    ['{ book { makerAsLong { name } } }', 'max-age=60, public'],
    ['{ book { makerAsLongForMe { name } } }', 'max-age=60, private'],
    ['{ book { child { name } } }', 'max-age=60, public'],
    ['{ book { never } }', 'no-store'],
    ['{ child { name } }', 'max-age=40, public'],
    ['{ plain { name } }', 'no-store'],
    ['{ plainFor20 { name } }', 'max-age=20, public'],
    ['{ media { ... on Toy { id } } }', 'max-age=33, public'],
    ['{ book { ...F } } fragment F on Book { stock }', 'max-age=5, public'],
    ['mutation { write }', 'max-age=30, public'],
  ])('%s: %s, as Apollo Server says', async (query, said) => {
    const { ours, apollos } = await bothSay(query);
    expect(apollos).toBe(said);
    // Of mutations nothing may be kept.
    expect(ours).toBe(query.startsWith('mutation') ? 'no-store' : said);
  });

  it.each([
    ['... on Book { title }', ['Book'], 'max-age=60, public'],
    ['... on Book { title stock }', ['Book'], 'max-age=5, public'],
    ['... on Plain { name }', ['Plain'], 'no-store'],
  ])('of entities, %s: %s, as Apollo Server says', async (selections, types, said) => {
    const { ours, apollos } = await bothSay(
      entities(selections),
      types.map((__typename) => ({ __typename, id: '1' })),
    );
    expect(ours).toBe(said);
    expect(apollos).toBe(said);
  });

  it.each([
    // Apollo Server forgets what has no hint beside what has one.
    [entities('... on Book { title } ... on Plain { name }'), 'no-store'],
    [entities('... on Book { title } ... { ... on Plain { name } }'), 'no-store'],
    [entities('...B') + ' fragment B on Book { stock }', 'max-age=5, public'],
    [entities('__typename'), 'no-store'],
    ['{ thing { id ... on Toy { size } } }', 'max-age=7, public'],
    ['{ thing { id ... on Tool { size } } }', 'max-age=80, public'],
    ['query($no: Boolean = false) { title bare @include(if: $no) }', 'no-store'],
    ['{ title __schema { description } }', 'no-store'],
    ['{ _service { sdl } }', 'no-store'],
  ])('count all that may be selected: %s: %s', (query, said) => {
    const hint = hints?.(parse(query));
    expect(hint === undefined ? 'no-store' : `max-age=${hint.maxAge}, ${hint.isPrivate ? 'private' : 'public'}`).toBe(said);
  });

  it('are not there where nothing has one', () => {
    expect(readCacheHints(buildSubgraphSchema(parse(`${directive} type Query { title: String }`)))).toBeUndefined();
  });
});
