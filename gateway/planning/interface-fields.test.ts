import { describe, expect, it } from '@jest/globals';
import { federate } from '../../tests/federation/supergraphs/federation.js';
import { defaultOperationLimits } from '../policy/operation-limits.js';

interface Item {
  readonly __typename: 'Chair' | 'Table';
  readonly id: string;
  readonly name: string;
}

const items: readonly Item[] = [
  { __typename: 'Chair', id: '1', name: 'soft' },
  { __typename: 'Table', id: '2', name: 'round' },
];
const withId = ({ id }: { id: string }) => items.find((each) => each.id === id);

/** `fails`: whose label cannot be told. */
function furniture(fails?: string) {
  return federate([
    {
      name: 'a',
      typeDefs: `type Query { items: [Item!] chair: Chair things: [Thing] }
        interface Item @key(fields: "id") { id: ID! name: String }
        type Chair implements Item @key(fields: "id") { id: ID! name: String legs: Int }
        type Table implements Item @key(fields: "id") { id: ID! name: String area: Int }
        type Lamp { watts: Int } union Thing = Chair | Table | Lamp`,
      resolvers: {
        Query: { items: () => items, chair: () => items[0], things: () => [items[1], { __typename: 'Lamp', watts: 5 }, items[0]] },
        Item: { __resolveReference: withId },
        Chair: { __resolveReference: withId, legs: () => 4 },
        Table: { __resolveReference: withId, area: () => 2 },
      },
    },
    {
      name: 'b',
      typeDefs: 'type Query { cheap: [Item!] } type Item @key(fields: "id") @interfaceObject { id: ID! price: Int twin: Item }',
      resolvers: {
        Query: { cheap: () => items.map(({ id }) => ({ id })) },
        Item: { price: ({ id }: Item) => Number(id) * 100, twin: ({ id }: Item) => ({ id }) },
      },
    },
    {
      name: 'c',
      typeDefs: `type Item @key(fields: "id") @interfaceObject { id: ID! name: String @external
        label(loud: Boolean): Label @requires(fields: "name") } type Label { text: String by: Item }`,
      resolvers: {
        Item: {
          label: ({ id, name }: Partial<Item>, { loud }) => {
            if (id === undefined || id === fails) throw new Error(`no label of ${id}`);
            return { text: `${name}${loud === true ? '!' : ''}`, by: { id } };
          },
        },
      },
    },
  ]);
}

const federation = furniture();

describe('A field that an @interfaceObject has with @requires, asked for by the types of objects', () => {
  it.each<[string, unknown]>([
    ['{ cheap { ... on Table { label { text } } } }', { cheap: [{}, { label: { text: 'round' } }] }],
    ['{ items { name ... on Table { label { text } } } }', { items: [{ name: 'soft' }, { name: 'round', label: { text: 'round' } }] }],
    [
      '{ items { ... on Chair { legs } ... on Table { label { text } area } ... on Item { id } } }',
      {
        items: [
          { legs: 4, id: '1' },
          { label: { text: 'round' }, area: 2, id: '2' },
        ],
      },
    ],
    [
      '{ cheap { ... on Chair { a: label(loud: true) { text } } ... on Table { a: label { text } } } }',
      { cheap: [{ a: { text: 'soft!' } }, { a: { text: 'round' } }] },
    ],
    [
      '{ cheap { ... on Chair { twin { a: label { text } } } ... on Table { twin { a: label { by { price } } } } } }',
      { cheap: [{ twin: { a: { text: 'soft' } } }, { twin: { a: { by: { price: 200 } } } }] },
    ],
    [
      '{ cheap { ...T } chair { ...T } } fragment T on Item { label { ...L } ... on Table { label { by { ... on Table { label(loud: true) { text } } } } } } fragment L on Label { text }',
      {
        cheap: [{ label: { text: 'soft' } }, { label: { text: 'round', by: { label: { text: 'round!' } } } }],
        chair: { label: { text: 'soft' } },
      },
    ],
    ['{ things { ... on Table { label { text } } ... on Lamp { watts } } }', { things: [{ label: { text: 'round' } }, { watts: 5 }, {}] }],
    ['{ chair { ... on Chair { label { text } } } }', { chair: { label: { text: 'soft' } } }],
  ])('is theirs alone: %s', async (query, data) => {
    expect(await federation.ask(query)).toEqual({ data, errors: [] });
  });

  it.each([
    [{ yes: true, no: false }, [{}, { label: { text: 'round' } }]],
    [{ yes: true, no: true }, [{}, {}]],
    [{ yes: false, no: false }, [{}, {}]],
  ])('stays under the conditions that it is under: %j', async (variables, cheap) => {
    const query = `query ($yes: Boolean!, $no: Boolean!) { cheap { ... on Item @include(if: $yes) { ... on Table @skip(if: $no) { ... @skip(if: $no) { label @include(if: $yes) { text } } } } } }`;
    expect(await federation.ask(query, variables)).toEqual({ data: { cheap }, errors: [] });
  });

  it('fails where it is asked for, by its name there, and nowhere else', async () => {
    const query = '{ cheap { ... on Table { a: label { text } } } }';
    expect(await furniture('1').ask(query)).toEqual({ data: { cheap: [{}, { a: { text: 'round' } }] }, errors: [] });
    expect(await furniture('2').ask(query)).toMatchObject({ data: { cheap: [{}, { a: null }] }, errors: [{ path: 'cheap.1.a' }] });
  });

  it('leaves operations alone that ask for it by the interface', () => {
    const parsed = federation.generation.operations.parse(
      '{ cheap { label { text } ... on Item { label { text } } } }',
      undefined,
      defaultOperationLimits,
    );
    if (parsed.kind === 'refused') throw new Error('refused');
    expect(parsed.operation.plan().toClient).toBeUndefined();
  });
});
