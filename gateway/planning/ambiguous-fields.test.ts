import { describe, expect, it } from '@jest/globals';
import { buildSchema, parse } from 'graphql';
import { federate } from '../../tests/federation/supergraphs/federation.js';
import { findAmbiguousFields } from './ambiguous-fields.js';
import { fieldKey } from './response-names.js';

const owner = (id: string) => ({ id });
const pets = [
  { __typename: 'Cat', owner: owner('ann'), home: { owner: owner('ann') } },
  { __typename: 'Dog', owner: owner('bob'), home: { owner: owner('bob') } },
];
const says =
  (what: string) =>
  ({ id }: { id: string }, { times }: Record<string, unknown>) =>
    `${what} of ${id}`.repeat(typeof times === 'number' ? times : 1);

const federation = federate([
  {
    name: 'pets',
    typeDefs: `type Query { pets: [Pet] } union Pet = Cat | Dog type Home { owner: Owner } type Owner @key(fields: "id") { id: ID! }
      type Cat { owner: Owner home: Home } type Dog { owner: Owner home: Home }`,
    resolvers: { Query: { pets: () => pets } },
  },
  {
    name: 'people',
    typeDefs: 'type Owner @key(fields: "id") { id: ID! name(times: Int): String }',
    resolvers: {
      Owner: { __resolveReference: (reference: unknown) => reference, name: says('name') },
    },
  },
  {
    name: 'phones',
    typeDefs: 'type Owner @key(fields: "id") { id: ID! number: String broken: String }',
    resolvers: {
      Owner: {
        __resolveReference: (reference: unknown) => reference,
        number: says('number'),
        broken: () => {
          throw new Error('broken');
        },
      },
    },
  },
]);

describe('A response name that stands for different fields of the same objects, reached through objects of different types', () => {
  it.each([
    ['of different subgraphs', 'owner { is: name }', 'owner { is: number }', 'name of ann', 'number of bob'],
    ['of one subgraph', 'owner { is: name }', 'owner { is: name(times: 2) }', 'name of ann', 'name of bobname of bob'],
    ['in fragments', '...A', '...B', 'name of ann', 'number of bob'],
  ])('is what its own selection says: fields %s', async (_what, cat, dog, ofCat, ofDog) => {
    const fragments = cat === '...A' ? 'fragment A on Cat { owner { is: name } } fragment B on Dog { owner { ... { is: number } } }' : '';
    expect(await federation.ask(`{ pets { ... on Cat { ${cat} } ... on Dog { ${dog} } } } ${fragments}`)).toEqual({
      data: { pets: [{ owner: { is: ofCat } }, { owner: { is: ofDog } }] },
      errors: [],
    });
  });

  it('is so without an alias, and deeper', async () => {
    expect(
      await federation.ask('{ pets { ... on Cat { home { owner { name } } } ... on Dog { home { owner { name(times: 2) } } } } }'),
    ).toEqual({
      data: { pets: [{ home: { owner: { name: 'name of ann' } } }, { home: { owner: { name: 'name of bobname of bob' } } }] },
      errors: [],
    });
  });

  it('has its errors by the name that the client gave it', async () => {
    const { data, errors } = await federation.ask('{ pets { ... on Cat { owner { is: name } } ... on Dog { owner { is: broken } } } }');
    expect(data).toEqual({ pets: [{ owner: { is: 'name of ann' } }, { owner: { is: null } }] });
    expect(errors.map(({ path }) => path)).toEqual(['pets.1.owner.is']);
  });
});

describe('A field', () => {
  const schema = buildSchema(`type Query { a: Some b(where: Where, n: Int): Some some: Some } input Where { x: Int y: Int }
    union Some = One | Other type One { name: String text: String } type Other { name: String text: String }`);
  const ambiguous = (source: string) => findAmbiguousFields(schema, { document: parse(source), operationName: undefined }).map(fieldKey);

  it('is not ambiguous because of another of objects that it cannot be a field of', () => {
    expect(ambiguous('{ a { ... on One { is: name } ... on Other { is: text } } some { ... on One { is: text } } }')).toEqual([]);
  });

  it('is the same field whatever the order of its arguments', () => {
    expect(ambiguous('{ b(where: { x: 1, y: 2 }, n: 1) { __typename } b(n: 1, where: { y: 2, x: 1 }) { __typename } }')).toEqual([]);
  });
});
