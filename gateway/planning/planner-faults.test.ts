import { describe, expect, it } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import { federate } from '../../tests/federation/supergraphs/federation.js';

interface Product {
  readonly upc: string;
  readonly name: string;
  readonly cents: number;
  readonly weight: number;
}

const products: readonly Product[] = [
  { upc: 'p1', name: 'chair', cents: 100, weight: 2 },
  { upc: 'p2', name: 'air', cents: 0, weight: 0 },
];
const rates: Readonly<Record<string, number>> = { USD: 1, EUR: 2 };
const inCurrency = (cents: number, currency: string) => cents * (rates[currency] ?? Number.NaN);

interface Required {
  readonly upc: string;
  readonly price: number | null;
  readonly weight: number;
  readonly category: { readonly average: number };
}

function shop() {
  return federate([
    {
      name: 'catalogue',
      typeDefs: `
        type Query { products: [Product] product(upc: String!): Product }
        type Product @key(fields: "upc") { upc: String! name: String price(currency: String!): Int weight: Int category: Category }
        type Category { average(currency: String!): Int }`,
      resolvers: {
        Query: { products: () => products, product: (_, { upc }) => products.find((each) => each.upc === upc) },
        Product: {
          __resolveReference: ({ upc }: { upc: string }) => products.find((each) => each.upc === upc),
          price: ({ cents }: Product, { currency }) => inCurrency(cents, currency as string),
          category: ({ cents }: Product) => ({ cents }),
        },
        Category: { average: ({ cents }: Product, { currency }) => inCurrency(cents, currency as string) },
      },
    },
    {
      name: 'shipping',
      typeDefs: `
        type Product @key(fields: "upc") {
          upc: String!
          weight: Int @external
          price(currency: String!): Int @external
          category: Category @external
          dollars: Int @requires(fields: "price(currency: \\"USD\\") weight")
          euros: Int @requires(fields: "price(currency: \\"EUR\\") weight")
          averageEuros: Int @requires(fields: "category { average(currency: \\"EUR\\") }")
          averageDollars: Int @requires(fields: "category { average(currency: \\"USD\\") }")
        }
        type Category @external { average(currency: String!): Int }`,
      resolvers: {
        Product: {
          dollars: ({ price, weight }: Required) => (price ?? -1) + weight,
          euros: ({ price, weight }: Required) => (price ?? -1) + weight,
          averageEuros: ({ category }: Required) => category.average,
          averageDollars: ({ category }: Required) => category.average,
        },
      },
    },
  ]);
}

describe('A field with arguments that @requires asks for', () => {
  it('is not confused with the client’s own, with other arguments', async () => {
    expect(await shop().ask('{ products { price(currency: "EUR") dollars } }')).toEqual({
      data: {
        products: [
          { price: 200, dollars: 102 },
          { price: 0, dollars: 0 },
        ],
      },
      errors: [],
    });
  });

  it('is not confused with the client’s own with a variable, in fragments', async () => {
    const { data } = await shop().ask(
      `query ($currency: String = "EUR") { products { dollars ...A ...B } }
       fragment A on Product { price(currency: $currency) }
       fragment B on Product { price(currency: $currency) upc }`,
    );
    expect(data).toEqual({
      products: [
        { dollars: 102, price: 200, upc: 'p1' },
        { dollars: 0, price: 0, upc: 'p2' },
      ],
    });
  });

  it('can be asked for with different arguments by several fields', async () => {
    const federation = shop();
    expect((await federation.ask('{ products { dollars euros averageEuros averageDollars name } }')).data).toEqual({
      products: [
        { dollars: 102, euros: 202, averageEuros: 200, averageDollars: 100, name: 'chair' },
        { dollars: 0, euros: 0, averageEuros: 0, averageDollars: 0, name: 'air' },
      ],
    });
    // One fetch for all that fits into one entity, and one for what does not.
    expect(federation.asked.map(({ subgraph }) => subgraph)).toEqual(['catalogue', 'shipping', 'shipping']);
  });

  it('is asked for once where fields agree', async () => {
    const federation = shop();
    await federation.ask('{ products { dollars averageDollars } }');
    expect(federation.asked.map(({ subgraph }) => subgraph)).toEqual(['catalogue', 'shipping']);
  });
});

describe('A fragment that is used in several places', () => {
  it('is asked for with what each needs, where one fetch has to become several', async () => {
    const federation = shop();
    const { data, errors } = await federation.ask(
      `query ($yes: Boolean! = true) { products @include(if: $yes) { averageEuros dollars ... { averageDollars dollars } } products { ...F } }
       fragment F on Product { dollars }`,
    );
    expect({ data, errors }).toEqual({
      data: {
        products: [
          { averageEuros: 200, dollars: 102, averageDollars: 100 },
          { averageEuros: 0, dollars: 0, averageDollars: 0 },
        ],
      },
      errors: [],
    });
  });
});

describe('An alias of a client', () => {
  it('that is the name of a key gets the field that it stands for, and entities are found by their real key', async () => {
    expect(await shop().ask('{ products { upc: name dollars } }')).toEqual({
      data: {
        products: [
          { upc: 'chair', dollars: 102 },
          { upc: 'air', dollars: 0 },
        ],
      },
      errors: [],
    });
  });

  it('that is the name of a required field, of one of the gateway’s own, or of __typename gets the field that it stands for', async () => {
    const { data } = await shop().ask(
      '{ products { weight: name price__required_0: name __typename: name dollars category { average: __typename } } }',
    );
    expect(data).toEqual({
      products: [
        { weight: 'chair', price__required_0: 'chair', __typename: 'chair', dollars: 102, category: { average: 'Category' } },
        { weight: 'air', price__required_0: 'air', __typename: 'air', dollars: 0, category: { average: 'Category' } },
      ],
    });
  });
});

describe('A literal @skip or @include', () => {
  it('leaves out what it says, and no more', async () => {
    const federation = shop();
    const { data, errors } = await federation.ask(
      'query ($no: Boolean!) { products @skip(if: $no) { euros @include(if: false) dollars @skip(if: false) category { average(currency: "USD") @skip(if: true) } } }',
      { no: false },
    );
    expect({ data, errors }).toEqual({
      data: {
        products: [
          { dollars: 102, category: {} },
          { dollars: 0, category: {} },
        ],
      },
      errors: [],
    });
    expect(JSON.stringify(federation.asked)).not.toMatch(/euros|EUR|average/);
  });
});

describe('A field that requires something, under @skip', () => {
  it('does not null its neighbours, which require something else', async () => {
    const federation = federate([
      {
        name: 'a',
        typeDefs: 'type Query { box: Box } type Box @key(fields: "id") { id: ID! width: Int depth: Int }',
        resolvers: { Query: { box: () => ({ id: '1', width: 2, depth: 3 }) } },
      },
      {
        name: 'b',
        typeDefs: `type Box @key(fields: "id") {
          id: ID! width: Int @external depth: Int @external
          wide: Int @requires(fields: "width") deep: Int @requires(fields: "depth") plain: String }`,
        resolvers: {
          Box: { wide: ({ width }: { width: number }) => width, deep: ({ depth }: { depth: number }) => depth, plain: () => 'p' },
        },
      },
    ]);
    const query = 'query ($no: Boolean!) { box { wide deep @skip(if: $no) plain } }';
    expect((await federation.ask(query, { no: true })).data).toEqual({ box: { wide: 2, plain: 'p' } });
    expect((await federation.ask(query, { no: false })).data).toEqual({ box: { wide: 2, deep: 3, plain: 'p' } });
  });
});

describe('A requirement that is fetched only under a condition', () => {
  it('for the sake of another field leaves the neighbours alone, which need something else', async () => {
    const federation = federate([
      {
        name: 'a',
        typeDefs: 'type Query { box: Box } type Box @key(fields: "id") { id: ID! width: Int depth: Int }',
        resolvers: { Query: { box: () => ({ id: '1' }) }, Box: { width: () => 2, depth: () => 3 } },
      },
      {
        name: 'b',
        typeDefs: `type Query { other: Other } type Other { box: Box }
          type Box @key(fields: "id") { id: ID! width: Int @external depth: Int @external
            wide: Int @requires(fields: "width") deep: Int @requires(fields: "depth") }`,
        resolvers: {
          Query: { other: () => ({ box: { id: '1' } }) },
          Box: { wide: ({ width }: { width: number }) => width, deep: ({ depth }: { depth: number }) => depth },
        },
      },
      {
        name: 'c',
        typeDefs: 'type Box @key(fields: "id") { id: ID! deep: Int @external sum: Int @requires(fields: "deep") }',
        resolvers: { Box: { sum: ({ deep }: { deep: number }) => deep + 1 } },
      },
    ]);
    const query = 'query ($no: Boolean!) { other { box { wide ... @include(if: $no) { sum deep } } } }';
    expect((await federation.ask(query, { no: false })).data).toEqual({ other: { box: { wide: 2 } } });
  });
});

describe('A chain of requirements that comes back to the subgraph it began in', () => {
  const chain = () =>
    federate([
      { name: 'a', typeDefs: 'type Box @key(fields: "id") { id: ID! depth: Int }', resolvers: { Box: { depth: () => 3 } } },
      {
        name: 'b',
        typeDefs: `type Query { box: Box other: Other } type Other { boxes: [Box] }
          type Box @key(fields: "id") { id: ID! plain: Int depth: Int @external deep: Int @requires(fields: "depth") }`,
        resolvers: {
          Query: { box: () => ({ id: '1', plain: 1 }), other: () => ({ boxes: [{ id: '1' }, null] }) },
          Box: { deep: ({ depth }: { depth?: number }) => (depth ?? -1) * 10 },
        },
      },
      {
        name: 'c',
        typeDefs: 'type Box @key(fields: "id") { id: ID! deep: Int @external sum: Int @requires(fields: "deep") }',
        resolvers: { Box: { sum: ({ deep }: { deep: number }) => deep + 1 } },
      },
    ]);

  it('asks it for nothing before it is sent what that requires', async () => {
    const federation = chain();
    expect((await federation.ask('{ box { sum } }')).data).toEqual({ box: { sum: 31 } });
    expect(federation.asked.map(({ subgraph }) => subgraph)).toEqual(['b', 'a', 'b', 'c']);
    expect((await federation.ask('{ other { boxes { sum plain } } }')).data).toEqual({
      other: { boxes: [{ sum: 31, plain: null }, null] },
    });
  });

  it('asks no more often than it takes', async () => {
    const federation = chain();
    expect((await federation.ask('{ box { plain deep } }')).data).toEqual({ box: { plain: 1, deep: 30 } });
    expect(federation.asked.map(({ subgraph }) => subgraph)).toEqual(['b', 'a', 'b']);
  });
});

describe('A key with resolvable: false', () => {
  it('is not taken for one by which a subgraph finds an entity', async () => {
    const federation = federate([
      {
        name: 'a',
        typeDefs: `type A @key(fields: "id") @key(fields: "code { one }", resolvable: false) { id: ID! code: Code! name: String }
          type Code { one: ID! }`,
        resolvers: { A: { name: () => 'Ada' } },
      },
      {
        name: 'b',
        typeDefs: `type Query { a: A }
          type A @key(fields: "code { one }", resolvable: false) @key(fields: "id") { id: ID! code: Code! name: String @external loud: String @requires(fields: "name") }
          type Code { one: ID! }`,
        resolvers: { Query: { a: () => ({ id: '1', code: { one: '2' } }) }, A: { loud: ({ name }: { name: string }) => `${name}!` } },
      },
    ]);
    expect((await federation.ask('{ a { loud } }')).data).toEqual({ a: { loud: 'Ada!' } });
    expect(federation.asked.at(-1)?.variables).toEqual({ representations: [{ __typename: 'A', id: '1', name: 'Ada' }] });
  });
});

describe('An operation that no subgraphs can be asked for', () => {
  /** Composition would not give such a supergraph; others write theirs by hand. */
  const broken = () =>
    federate(
      [
        {
          name: 'a',
          typeDefs: 'type Query { thing: Thing other: String } type Thing @key(fields: "id") { id: ID! }',
          resolvers: { Query: { thing: () => ({ id: '1' }), other: () => 'other' } },
        },
        { name: 'b', typeDefs: 'type Thing @key(fields: "id") { id: ID! far: Far } type Far { text: String }', resolvers: {} },
      ],
      { edit: (sdl) => sdl.replace('@join__type(graph: B, key: "id")', '@join__type(graph: B, key: "id", resolvable: false)') },
    );

  it('is refused with the names of the fields, and nothing of it is null without an error', async () => {
    const { planned } = await broken()
      .ask('{ other thing { id ...F } } fragment F on Thing { far { text } }')
      .then(
        () => ({ planned: undefined }),
        (error: unknown) => ({ planned: error }),
      );
    expect(planned).toMatchObject({ code: 'UNAVAILABLE', fields: ['thing.(Thing).far.text'] });
  });

  it('is answered without those fields', async () => {
    expect((await broken().ask('{ other thing { id } }')).data).toEqual({ other: 'other', thing: { id: '1' } });
  });

  it.each(['{ __typename }', '{ __schema { queryType { name } } }', '{ thing @skip(if: true) { far { text } } }'])(
    'is not one that asks for nothing: %s',
    async (query) => {
      expect((await broken().ask(query)).errors).toEqual([]);
    },
  );
});

describe('Introspection that is younger than the planner', () => {
  const federation = () =>
    federate([
      { name: 'a', typeDefs: 'type Query { word(by: By): String } input By { id: ID }', resolvers: { Query: { word: () => 'w' } } },
    ]);

  it('is answered as a whole, with its named fragments', async () => {
    const { data, errors } = await federation().ask(getIntrospectionQuery({ oneOf: true, inputValueDeprecation: true }));
    expect(errors).toEqual([]);
    const { types } = (data as { __schema: { types: { name: string; isOneOf: boolean | null }[] } }).__schema;
    expect(types.find(({ name }) => name === 'By')).toMatchObject({ isOneOf: false });
  });

  it.each([
    ['{ word __type(name: "By") { name isOneOf } }', {}],
    [
      'query ($name: String!) { word ...T } fragment T on Query { __type(name: $name) { ...N isOneOf } } fragment N on __Type { name }',
      { name: 'By' },
    ],
  ])('is answered beside fields of subgraphs: %s', async (query, variables) => {
    expect(await federation().ask(query, variables)).toMatchObject({
      errors: [],
      data: { word: 'w', __type: { name: 'By', isOneOf: false } },
    });
  });
});

describe('A field of an @interfaceObject that requires something, by the type of the object', () => {
  it('is answered, by a plan whose fetches do not wait for each other', async () => {
    const federation = federate([
      {
        name: 'a',
        typeDefs: `type Query { items: [Item!] } interface Item @key(fields: "id") { id: ID! name: String }
          type Table implements Item @key(fields: "id") { id: ID! name: String }`,
        resolvers: {
          Query: { items: () => [] },
          Item: {
            __resolveReference: ({ id }: { id: string }) => ({ __typename: 'Table', id, name: 'round' }),
            __resolveType: () => 'Table',
          },
        },
      },
      {
        name: 'b',
        typeDefs: 'type Query { cheapest: Item } type Item @key(fields: "id") @interfaceObject { id: ID! price: Int }',
        resolvers: { Query: { cheapest: () => ({ id: '1' }) } },
      },
      {
        name: 'c',
        typeDefs:
          'type Item @key(fields: "id") @interfaceObject { id: ID! name: String @external label: String @requires(fields: "name") }',
        resolvers: { Item: { label: ({ name }: { name: string }) => `${name}!` } },
      },
    ]);
    expect((await federation.ask('{ cheapest { label } }')).data).toEqual({ cheapest: { label: 'round!' } });
    expect((await federation.ask('{ cheapest { id ... on Table { label } } }')).data).toEqual({ cheapest: { id: '1', label: 'round!' } });
  });
});
