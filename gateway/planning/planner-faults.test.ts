import { describe, expect, it } from '@jest/globals';
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
