import { describe, expect, it } from '@jest/globals';
import { createExecutionStage, representationsOf } from '../../tests/testkit/generated/execution-stage.js';
import type { FetchRequest } from '../datasources/subgraph-data-source.js';

const typeDefs = {
  catalog: `type Query { items: [Item] thing: Thing chair: Chair sure: [Item!]! }
    interface Item @key(fields: "id") { id: ID! name: String }
    type Chair implements Item @key(fields: "id") { id: ID! name: String }
    type Table implements Item @key(fields: "id") { id: ID! name: String }
    type Ghost implements Item @key(fields: "id") @inaccessible { id: ID! name: String }
    type Other @key(fields: "id") { id: ID! name: String }
    union Thing = Chair | Other`,
  prices: `type Query { dearest: [Item] } type Item @key(fields: "id") @interfaceObject { id: ID! price: Int }`,
  stock: `type Chair @key(fields: "id") { id: ID! stock: Int } type Table @key(fields: "id") { id: ID! stock: Int }
    type Ghost @key(fields: "id") @inaccessible { id: ID! stock: Int } type Other @key(fields: "id") { id: ID! stock: Int }`,
};

/** What subgraphs call the second object: `catalog` wherever it tells of one, and `stock` what it is asked for. */
interface Names {
  catalog: unknown;
  stock: unknown;
}

function openShop(names: Names) {
  const object = (id: string, __typename: unknown = id === '2' ? names.catalog : 'Chair') => ({ __typename, id, name: `n${id}` });
  return createExecutionStage({
    catalog: {
      typeDefs: typeDefs.catalog,
      answer(request) {
        if (request.query.includes('_entities')) return entities(request, (id) => object(id));
        const [first, second, third] = ['1', '2', '3'].map((id) => object(id));
        return { data: { items: [first, second, third], sure: [first, second], thing: second, chair: object('2', 'Chair') } };
      },
    },
    prices: {
      typeDefs: typeDefs.prices,
      answer(request) {
        const item = (id: string) => ({ __typename: 'Item', id, price: Number(id) });
        return request.query.includes('_entities') ? entities(request, item) : { data: { dearest: ['1', '2', '3'].map(item) } };
      },
    },
    stock: {
      typeDefs: typeDefs.stock,
      answer: (request) => entities(request, (id) => ({ __typename: id === '2' ? names.stock : 'Chair', stock: Number(id) })),
    },
  });
}

function entities(request: FetchRequest, of: (id: string) => unknown): unknown {
  return { data: { _entities: representationsOf(request).map(({ id }) => of(String(id))) } };
}

describe('An object of a type', () => {
  const names: Names = { catalog: 'Chair', stock: 'Chair' };
  const shop = openShop(names);
  const invalid = (field: string) => `Invalid __typename found for object at field ${field}.`;

  it.each([
    ['that does not exist', 'Nope'],
    ['that is not of the interface', 'Other'],
    ['that clients may not know', 'Ghost'],
    ['that is no text', 5],
    ['whose name all objects inherit something by', 'constructor'],
  ])('%s is null with an error that does not name it, and all others are there', async (_what, wrong) => {
    Object.assign(names, { catalog: wrong, stock: wrong });
    const chair = (n: number) => ({ __typename: 'Chair', id: String(n), name: `n${n}`, price: n, stock: n });
    expect(await shop.run('{ items { __typename id name price ... on Chair { stock } } }')).toMatchObject({
      data: { items: [chair(1), null, chair(3)] },
      errors: [{ message: invalid('Query.items'), path: ['items', 1] }],
    });
    expect(await shop.run('{ sure { id } chair { name } }')).toMatchObject({
      data: null,
      errors: [{ message: invalid('Query.sure'), path: ['sure', 1] }],
    });
    // Here another subgraph has told which it is.
    expect(await shop.run('{ dearest { price name ... on Chair { stock } ... on Table { count: stock } } }')).toMatchObject({
      data: { dearest: [{ price: 1, name: 'n1', stock: 1 }, null, { price: 3, name: 'n3', stock: 3 }] },
      errors: [{ message: invalid('Query.dearest'), path: ['dearest', 1] }],
    });
    // And here another one knows better.
    expect(await shop.run('{ chair { __typename stock } }')).toMatchObject({
      data: { chair: { __typename: 'Chair', stock: 2 } },
      errors: [],
    });
  });
});
