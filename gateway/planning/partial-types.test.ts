import { describe, expect, it } from '@jest/globals';
import { federate } from '../../tests/federation/supergraphs/federation.js';
import { keepPartialTypes } from './partial-types.js';

const coin = { __typename: 'Coin', worth: 5 };
const sword = { __typename: 'Sword', blade: 'bronze' };
const rope = { __typename: 'Rope', metres: 12 };

const chestOf = (things: readonly unknown[]) => ({
  __resolveReference: ({ id }: { id: string }) => ({ id }),
  inside: ({ isShared = false }: { isShared?: boolean }) => ({ things: isShared ? [coin] : things }),
});
const shared = () => ({ id: 'shared', isShared: true });
const common = `
  type Chest @key(fields: "id") { id: ID! inside: Inside @shareable }
  type Inside @shareable { things: [Thing!]! }
  type Coin @shareable { worth: Int }`;

/** Of what lies in a chest, `camp` knows coins and swords, and `ship` coins and ropes. */
const federation = federate([
  {
    name: 'camp',
    typeDefs: `${common} type Query { buried: Chest shared: Chest @shareable } union Thing = Coin | Sword type Sword { blade: String }`,
    resolvers: { Query: { buried: () => ({ id: 'buried' }), shared }, Chest: chestOf([coin, sword]) },
  },
  {
    name: 'ship',
    typeDefs: `${common} type Query { shared: Chest @shareable } extend type Chest { stowed: Inside } union Thing = Coin | Rope type Rope { metres: Int }`,
    resolvers: { Query: { shared }, Chest: { ...chestOf([coin, rope]), stowed: () => ({ things: [coin, rope] }) } },
  },
  { name: 'smith', typeDefs: 'type Sword { price: Int }' },
]);

async function ask(query: string) {
  const before = federation.asked.length;
  const answer = await federation.ask(query);
  return { ...answer, asked: federation.asked.slice(before).map(({ subgraph }) => subgraph) };
}

const things = 'things { __typename ... on Coin { worth } ... on Sword { blade } ... on Rope { metres } }';

describe('What is selected of a type that only some of the subgraphs know', () => {
  it('is not asked for where the nearest subgraph does not know it', async () => {
    expect(await ask('{ buried { inside { things { __typename ... on Rope { metres } } } } }')).toEqual({
      data: { buried: { inside: { things: [{ __typename: 'Coin' }, { __typename: 'Sword' }] } } },
      errors: [],
      asked: ['camp'],
    });
  });

  it('is not asked for where one subgraph is as near as the other', async () => {
    const { data, asked } = await ask(`{ shared { inside { ${things} } } }`);
    expect(data).toEqual({ shared: { inside: { things: [coin] } } });
    expect(asked).toHaveLength(1);
  });

  it('is left out with all such where a field of it cannot be had, which composition allows', async () => {
    expect(await ask('{ buried { inside { things { ... on Sword { blade price } } } } }')).toEqual({
      data: { buried: { inside: { things: [{}, { blade: null, price: null }] } } },
      errors: [],
      asked: ['camp'],
    });
  });

  it('is answered by the nearest subgraph that knows it', async () => {
    expect(await ask(`{ buried { inside { ${things} } } }`)).toEqual({
      data: { buried: { inside: { things: [coin, sword] } } },
      errors: [],
      asked: ['camp'],
    });
  });

  it('is answered by the subgraph that has to be asked for what is around it', async () => {
    expect(await ask(`{ buried { stowed { ${things} } } }`)).toEqual({
      data: { buried: { stowed: { things: [coin, rope] } } },
      errors: [],
      asked: ['camp', 'ship'],
    });
  });
});

describe('A planner', () => {
  it('that shows nothing of what it is going to plan is not used', () => {
    const plan = () => ({ kind: 'QueryPlan' }) as const;
    expect(() => keepPartialTypes({}, plan)).toThrow('This version of @apollo/query-planner keeps what it knows elsewhere');
  });
});
