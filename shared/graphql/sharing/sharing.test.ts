import { describe, expect, it } from '@jest/globals';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { execute, parse } from 'graphql';
import { declareSharing, maximumExceptions, type Audience, type SharingRules } from './sharing.js';

const typeDefs = parse(`
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
  type Query { motd: String me: User }
  type Mutation { change: User }
  type User @key(fields: "id") { id: ID! name: String bio(long: Boolean): String email: String friend: User pet: Pet }
  type Session @key(fields: "id") { id: ID! }
  type Pet { name: String }`);

type Context = Readonly<Record<string, Audience | 'broken'>>;

const rules: SharingRules<Context> = {
  User: {
    id: 'everyone',
    name: 'everyone',
    bio: ({ id }, audiences) => {
      const audience = audiences[id] ?? 'asker';
      return audience === 'broken' ? Promise.reject(new Error('no database')) : Promise.resolve(audience);
    },
    friend: 'everyone',
    pet: 'everyone',
  },
};

function create() {
  const schema = buildSubgraphSchema([
    {
      typeDefs,
      resolvers: {
        User: { __resolveReference: ({ id }: { id: string }) => ({ id, bio: `bio of ${id}`, friend: { id: `friend of ${id}` } }) },
      },
    },
  ]);
  const policy = declareSharing(schema, rules);
  return async (
    fields: string,
    { ids = ['1'], audiences = {}, isFaultless = true }: { ids?: readonly string[]; audiences?: Context; isFaultless?: boolean } = {},
  ) => {
    const document = parse(
      fields.startsWith('{') || fields.startsWith('mutation')
        ? fields
        : `query ($_: [_Any!]!) { _entities(representations: $_) { ${fields.startsWith('...') ? fields : `... on User { ${fields} }`} } } `,
    );
    const sharing = policy.begin();
    await execute({
      schema,
      document,
      variableValues: { _: ids.map((id) => ({ __typename: 'User', id })) },
      contextValue: { ...audiences, sharing },
    });
    return policy.scopeOf(sharing, document, isFaultless);
  };
}

const forEveryone = { kind: 'public', except: [] };

describe('Sharing', () => {
  const scopeOf = create();

  it.each([
    ['a field without a rule', 'id name email'],
    ['a field without a rule behind an alias', 'name: email'],
    ['a field without a rule that is skipped', 'id email @skip(if: true)'],
    ['a field of a type without rules', 'pet { name }'],
    ['nothing but the type of what may be there for some', '... on Session { __typename }'],
    ['the type of any entity', '... { __typename }'],
    ['a root field without a rule', '{ motd }'],
    ['a mutation', 'mutation { change { id } }'],
    ['a field without a rule behind a field with one', 'friend { email }'],
  ])('says nothing about %s', async (_what, fields) => {
    expect(await scopeOf(fields)).toBeUndefined();
  });

  it('is private when one of the objects is, and when that cannot be found out', async () => {
    const audiences = { 1: 'everyone', 2: 'asker', 3: 'broken' } as const;
    expect(await scopeOf('bio', { ids: ['1', '2'], audiences })).toEqual({ kind: 'private' });
    expect(await scopeOf('bio', { ids: ['1', '3'], audiences })).toEqual({ kind: 'private' });
    expect(await scopeOf('friend { bio }', { ids: ['1'], audiences })).toEqual({ kind: 'private' });
    expect(await scopeOf('name', { ids: ['2'], audiences })).toEqual(forEveryone);
  });

  it('asks no rule for a document that is not shared anyway', async () => {
    let asked = 0;
    const audiences = {
      get 1(): Audience {
        asked += 1;
        return 'everyone';
      },
    };
    const policy = declareSharing(buildSubgraphSchema([{ typeDefs }]), rules);
    const sharing = policy.begin();
    sharing.note(() => Promise.resolve(audiences[1]));
    expect(
      await policy.scopeOf(sharing, parse('query ($_: [_Any!]!) { _entities(representations: $_) { ... on User { email } } }'), true),
    ).toBeUndefined();
    expect(asked).toBe(0);
    await sharing.scope();
    expect(asked).toBe(1);
  });

  it('is private when something went wrong', async () => {
    expect(await scopeOf('name', { isFaultless: false })).toEqual({ kind: 'private' });
  });

  it('is public when every field is everyone’s', async () => {
    expect(await scopeOf('__typename id name bio(long: true) friend { id }', { audiences: { 1: 'everyone' } })).toEqual(forEveryone);
  });

  it('names all for whom it does not hold, each once, and is private when they are too many', async () => {
    const many = Array.from({ length: maximumExceptions }, (_, index) => `viewer ${index}`);
    const audiences = { 1: { everyoneBut: ['a', 'b'] }, 2: { everyoneBut: ['b', 'c'] }, 3: { everyoneBut: many }, 4: 'everyone' } as const;
    expect(await scopeOf('bio', { ids: ['1', '2', '4'], audiences })).toEqual({ kind: 'public', except: ['a', 'b', 'c'] });
    expect(await scopeOf('bio', { ids: ['3'], audiences })).toEqual({ kind: 'public', except: many });
    expect(await scopeOf('bio', { ids: ['3', '1'], audiences })).toEqual({ kind: 'private' });
  });

  it('refuses a rule for a field that there is not', () => {
    const schema = buildSubgraphSchema([{ typeDefs }]);
    expect(() => declareSharing(schema, { User: { nickname: 'everyone' } })).toThrow('User.nickname');
    expect(() => declareSharing(schema, { Nobody: { id: 'everyone' } })).toThrow('Nobody.id');
  });
});
