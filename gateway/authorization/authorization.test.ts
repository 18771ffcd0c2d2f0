import { describe, expect, it } from '@jest/globals';
import { parse } from 'graphql';
import type { Viewer } from '../../shared/auth/viewer.js';
import {
  federate,
  type Federation,
  type FederationOptions,
  type SubgraphDefinition,
} from '../../tests/federation/supergraphs/federation.js';
import { askDirectly } from '../execution/execution-state.js';
import { acceptOperation } from '../operations/accept-operation.js';
import { createOperationPolicy } from '../policy/operation-policy.js';
import { createEventPlan } from '../subscriptions/event-plan.js';
import type { AskPolicies } from './authorization.js';
import { readProtection } from './protection.js';
import { meets } from './requirement.js';

function viewer(...scopes: string[]): Viewer {
  return { userId: 'u', username: 'u', sessionId: 's', roles: [], scopes, authenticatedAt: 0, expiresAt: 0 };
}

const people = [
  { __typename: 'Person', id: '1', name: 'Ada', email: 'ada@x', salary: 10, ssn: 'S1', mood: 'SECRET', friend: { id: '2' } },
  { __typename: 'Person', id: '2', name: 'Bob', email: 'bob@x', salary: 20, ssn: 'S2', mood: 'OPEN', friend: null },
];
const vault = { __typename: 'Vault', id: 'v', name: 'gold', content: 'bars' };

const staff: SubgraphDefinition = {
  name: 'staff',
  typeDefs: `
    type Query {
      people: [Person!]
      first: Person
      strict: Person!
      things: [Thing]
      nodes: [Node]
      vault: Vault
      diary: Diary
      ownMood: Mood
      token: Token
      admin: String @requiresScopes(scopes: [["admin"]])
      either: String @requiresScopes(scopes: [["a", "b"], ["c"]])
      never: String @requiresScopes(scopes: [])
      signedIn: String! @authenticated
      rated: String @policy(policies: [["adult", "paid"], ["owner"]])
    }
    type Mutation { harmless: String dangerous(n: Int): String @authenticated }
    type Subscription { ticks: Int secrets: Int @authenticated people: Person }
    interface Node { id: ID! name: String }
    union Thing = Person | Vault
    type Person implements Node @key(fields: "id") @key(fields: "ssn") {
      id: ID!
      name: String
      email: String @authenticated
      salary: Int @requiresScopes(scopes: [["salaries"]])
      ssn: String! @requiresScopes(scopes: [["hr"]])
      friend: Person
      mood: Mood
    }
    type Vault implements Node @authenticated { id: ID! name: String content: String @requiresScopes(scopes: [["vault"]]) }
    type Diary { page: String! @authenticated cover: String }
    enum Mood @authenticated { SECRET OPEN }
    scalar Token @authenticated`,
  resolvers: {
    Query: {
      people: () => people,
      first: () => people[0],
      strict: () => people[0],
      things: () => [people[0], vault],
      nodes: () => [people[0], vault],
      vault: () => vault,
      diary: () => ({ page: 'dear diary', cover: 'red' }),
      ownMood: () => 'SECRET',
      token: () => 'token',
      admin: () => 'admin',
      either: () => 'either',
      never: () => 'never',
      signedIn: () => 'signed in',
      rated: () => 'rated',
    },
    Person: {
      __resolveReference: ({ id, ssn }: { id?: string; ssn?: string }) => people.find((each) => each.id === id || each.ssn === ssn),
    },
  },
};

function staffed(options: FederationOptions = {}): Federation & { readonly ran: string[] } {
  const ran: string[] = [];
  const mutations = {
    Mutation: {
      harmless: () => String(ran.push('harmless')),
      dangerous: () => String(ran.push('dangerous')),
    },
  };
  const federation = federate([{ ...staff, resolvers: { ...staff.resolvers, ...mutations } }, payroll], options);
  return { ...federation, ran };
}

/** Needs the salary, which is protected elsewhere; its own fields repeat that, as composition demands. */
const payroll: SubgraphDefinition = {
  name: 'payroll',
  typeDefs: `
    type Person @key(fields: "id") {
      id: ID!
      salary: Int @external
      tax: Int @requires(fields: "salary") @requiresScopes(scopes: [["salaries"]])
      desk: String
    }`,
  resolvers: {
    Person: { tax: ({ salary }: { salary: number }) => salary / 2, desk: ({ id }: { id: string }) => `desk ${id}` },
  },
};

const unauthenticated = (path: string) => ({ message: expect.stringContaining('Sign in') as unknown, path, code: 'UNAUTHENTICATED' });
const forbidden = (path: string) => ({ message: expect.stringContaining('may not') as unknown, path, code: 'FORBIDDEN' });

describe('SECURITY 44: a protected field', () => {
  it('is not asked of any subgraph for whoever may not have it, and the rest is answered', async () => {
    const federation = staffed();
    expect(await federation.ask('{ first { name email salary } }')).toEqual({
      data: { first: { name: 'Ada', email: null, salary: null } },
      errors: [unauthenticated('first.email'), unauthenticated('first.salary')],
    });
    expect(federation.asked.map(({ query }) => query).join()).not.toMatch(/email|salary/);
  });

  it('is there for whoever may have it', async () => {
    const { data, errors } = await staffed().ask('{ first { name email salary ssn } }', {}, viewer('salaries', 'hr'));
    expect({ data, errors }).toEqual({ data: { first: { name: 'Ada', email: 'ada@x', salary: 10, ssn: 'S1' } }, errors: [] });
  });

  it('is forbidden to whoever is signed in without the scope, and each place is told', async () => {
    expect(await staffed().ask('{ people { name salary } }', {}, viewer('other'))).toEqual({
      data: {
        people: [
          { name: 'Ada', salary: null },
          { name: 'Bob', salary: null },
        ],
      },
      errors: [forbidden('people.0.salary'), forbidden('people.1.salary')],
    });
  });

  it('nulls what is around it when it cannot be null itself', async () => {
    expect(await staffed().ask('{ diary { page cover } first { name } }')).toEqual({
      data: { diary: null, first: { name: 'Ada' } },
      errors: [unauthenticated('diary.page')],
    });
    expect(await staffed().ask('{ signedIn }')).toEqual({ data: null, errors: [unauthenticated('signedIn')] });
  });

  it.each([
    ['an alias', '{ first { name: email x: name } }', { name: null, x: 'Ada' }],
    ['a named fragment', '{ first { ...F } } fragment F on Person { email id }', { email: null, id: '1' }],
    [
      'fragments in fragments',
      '{ first { ...F } } fragment F on Person { ... on Node { ... on Person { email } } id }',
      { email: null, id: '1' },
    ],
    ['@include', 'query ($yes: Boolean! = true) { first { email @include(if: $yes) id } }', { email: null, id: '1' }],
    ['an alias of a key', '{ first { id: email ssn: name desk } }', { id: null, ssn: 'Ada', desk: 'desk 1' }],
    ['two fields for one answer', '{ first { a: email ... on Person { a: email id } } }', { a: null, id: '1' }],
  ])('is protected through %s', async (_, query, first) => {
    const { data, errors } = await staffed().ask(query);
    expect(data).toEqual({ first });
    expect(errors.map(({ code }) => code)).toEqual(['UNAUTHENTICATED']);
  });

  it('is no error where @skip leaves it out', async () => {
    expect(await staffed().ask('query ($no: Boolean!) { first { id email @include(if: $no) } }', { no: false })).toEqual({
      data: { first: { id: '1' } },
      errors: [],
    });
  });

  it('is protected below lists and other entities, and a null stays one', async () => {
    const { data } = await staffed().ask('{ people { friend { email friend { email } } } }');
    expect(data).toEqual({ people: [{ friend: { email: null, friend: null } }, { friend: null }] });
  });

  it('leaves nothing to ask when all is protected', async () => {
    const federation = staffed();
    expect(await federation.ask('{ admin either }')).toEqual({
      data: { admin: null, either: null },
      errors: [unauthenticated('admin'), unauthenticated('either')],
    });
    expect(federation.asked.map(({ query }) => query).join()).not.toMatch(/admin|either/);
  });
});

describe('SECURITY 44: scopes', () => {
  it.each([
    ['some of one list', ['a'], null],
    ['parts of several lists', ['b', 'd'], null],
    ['a scope that only begins alike', ['c2'], null],
    ['all of the first list', ['b', 'a'], 'either'],
    ['all of the second list', ['c'], 'either'],
  ])('of %s count as they should', async (_, scopes, expected) => {
    expect((await staffed().ask('{ either }', {}, viewer(...scopes))).data).toEqual({ either: expected });
  });

  it('of no list at all are nobody’s', async () => {
    expect((await staffed().ask('{ never }', {}, viewer('a', 'never'))).errors).toEqual([forbidden('never')]);
  });

  it('are Galaxia’s roles as well', async () => {
    const federation = federate([
      {
        ...staff,
        name: 'one',
        typeDefs: 'type Query { a: String @requiresScopes(scopes: [["ADMIN"]]) }',
        resolvers: { Query: { a: () => 'a' } },
      },
    ]);
    expect((await federation.ask('{ a }', {}, { ...viewer(), roles: ['ADMIN'] })).data).toEqual({ a: 'a' });
    expect((await federation.ask('{ a }', {}, { ...viewer(), roles: ['USER'] })).data).toEqual({ a: null });
  });
});

describe('SECURITY 44: policies', () => {
  it.each<[readonly string[] | undefined, string | null]>([
    [undefined, null],
    [[], null],
    [['adult'], null],
    [['adult', 'paid'], 'rated'],
    [['owner'], 'rated'],
  ])('of a token that lists %j give %j', async (policies, rated) => {
    const bearer = { ...viewer(), ...(policies === undefined ? {} : { policies }) };
    expect((await staffed().ask('{ rated }', {}, bearer)).data).toEqual({ rated });
  });

  it('are fulfilled by nobody when nobody decides about them', async () => {
    expect((await staffed().ask('{ rated }', {}, viewer('adult', 'paid', 'owner'))).errors).toEqual([forbidden('rated')]);
  });

  it('are asked about with all their names, and all of one list must be fulfilled', async () => {
    const asked: unknown[] = [];
    let fulfilled: string[] = [];
    const policies: AskPolicies = (who, names) => {
      asked.push([who?.userId, names]);
      return Promise.resolve(new Set(fulfilled));
    };
    const federation = staffed({ policies });
    expect((await federation.ask('{ rated }', {}, viewer())).data).toEqual({ rated: null });
    fulfilled = ['adult'];
    expect((await federation.ask('{ rated }', {}, viewer())).data).toEqual({ rated: null });
    fulfilled = ['adult', 'paid'];
    expect((await federation.ask('{ rated }', {}, viewer())).data).toEqual({ rated: 'rated' });
    fulfilled = ['owner'];
    expect((await federation.ask('{ rated }', {}, null)).data).toEqual({ rated: 'rated' });
    expect(asked[0]).toEqual(['u', ['adult', 'paid', 'owner']]);
  });

  it('that cannot be decided let nothing run', async () => {
    const federation = staffed({ policies: () => Promise.reject(new Error('policy server is down')) });
    await expect(federation.ask('{ rated first { id } }', {}, viewer())).rejects.toThrow('policy server is down');
    expect(federation.asked).toEqual([]);
  });

  it('are not asked about for operations without them', async () => {
    const federation = staffed({ policies: () => Promise.reject(new Error('policy server is down')) });
    expect((await federation.ask('{ first { id } }')).data).toEqual({ first: { id: '1' } });
  });
});

describe('SECURITY 44: a protected type', () => {
  it.each([
    ['an object', '{ vault { id } }', { vault: null }],
    ['an enum', '{ ownMood first { mood id } }', { ownMood: null, first: { mood: null, id: '1' } }],
    ['a scalar', '{ token }', { token: null }],
  ])('protects fields that give %s', async (_, query, data) => {
    expect((await staffed().ask(query)).data).toEqual(data);
  });

  it('protects its fields in a union, and others of the union are seen', async () => {
    expect(await staffed().ask('{ things { __typename ... on Vault { id content } ... on Person { name } } }')).toEqual({
      data: { things: [{ __typename: 'Person', name: 'Ada' }, null] },
      errors: [unauthenticated('things.1.id')],
    });
  });

  it('protects the interfaces that it implements, as composition writes on them', async () => {
    expect((await staffed().ask('{ nodes { name } }')).data).toEqual({ nodes: null });
    expect((await staffed().ask('{ nodes { ... on Person { name } } }')).data).toEqual({ nodes: null });
    expect((await staffed().ask('{ nodes { name } }', {}, viewer())).data).toEqual({ nodes: [{ name: 'Ada' }, { name: 'gold' }] });
  });

  it('protects fields of an interface where composition wrote nothing on it', async () => {
    const old = () => staffed({ edit: (sdl) => sdl.replace(/(interface Node[^{]*)@authenticated/, '$1') });
    expect(old().supergraphSdl).toMatch(/interface Node\s+@join__type\(graph: STAFF\)\s+\{/);
    expect((await old().ask('{ nodes { name } }')).data).toEqual({ nodes: [{ name: null }, { name: null }] });
    expect((await old().ask('{ nodes { ... on Person { name } } }')).data).toEqual({ nodes: [{ name: 'Ada' }, {}] });
    expect((await old().ask('{ nodes { name } }', {}, viewer())).data).toEqual({ nodes: [{ name: 'Ada' }, { name: 'gold' }] });
  });

  it('that is an interface protects its implementations, where composition let people write so', async () => {
    const onType = staffed({ edit: (sdl) => sdl.replace(/(interface Node[^{]*)@authenticated/, '$1@requiresScopes(scopes: [["node"]])') });
    expect((await onType.ask('{ first { name } }', {}, viewer())).data).toEqual({ first: { name: null } });
    expect((await onType.ask('{ first { name } }', {}, viewer('node'))).data).toEqual({ first: { name: 'Ada' } });
    const onField = staffed({ edit: (sdl) => sdl.replace(/(interface Node[^}]*name: String)/, '$1 @requiresScopes(scopes: [["node"]])') });
    expect((await onField.ask('{ first { id name } }', {}, viewer())).data).toEqual({ first: { id: '1', name: null } });
  });

  it('adds to what its fields need', async () => {
    expect((await staffed().ask('{ vault { name content } }', {}, viewer())).data).toEqual({ vault: { name: 'gold', content: null } });
    expect((await staffed().ask('{ vault { content } }', {}, viewer('vault'))).data).toEqual({ vault: { content: 'bars' } });
  });
});

describe('SECURITY 44: what subgraphs are sent', () => {
  it('is not fetched for a protected field that is not run, and not shown when it is fetched for another', async () => {
    const federation = staffed();
    expect((await federation.ask('{ first { tax desk } }', {}, viewer())).data).toEqual({ first: { tax: null, desk: 'desk 1' } });
    expect(JSON.stringify(federation.asked)).not.toMatch(/salary/);
    expect(await staffed().ask('{ first { tax salary ssn desk } }', {}, viewer('salaries'))).toEqual({
      data: { first: null },
      errors: [forbidden('first.ssn')],
    });
  });
});

describe('SECURITY 44: a mutation', () => {
  it('runs its permitted root fields alone', async () => {
    const federation = staffed();
    expect(await federation.ask('mutation { a: dangerous(n: 1) harmless b: dangerous }')).toEqual({
      data: { a: null, harmless: '1', b: null },
      errors: [unauthenticated('a'), unauthenticated('b')],
    });
    expect(federation.ran).toEqual(['harmless']);
  });

  it('asks no subgraph when none is permitted', async () => {
    const federation = staffed();
    expect((await federation.ask('mutation { dangerous(n: 1) }')).data).toEqual({ dangerous: null });
    expect(federation.ran).toEqual([]);
    expect(federation.asked).toEqual([]);
  });
});

describe('SECURITY 44: a subscription', () => {
  /** What is asked upstream, and what an event of Eve becomes. */
  async function follow({ generation }: Federation, query: string, who: Viewer | null) {
    const identity = { viewer: who, subgraphHeaders: {} };
    const acceptance = await acceptOperation(generation, { query }, { policy: createOperationPolicy(), identity });
    if (acceptance.kind === 'refused') return { refused: acceptance.errors };
    const { operation, variables } = acceptance.operation;
    const caller = { subgraphHeaders: {}, signal: new AbortController().signal };
    const plan = createEventPlan(generation, operation);
    const event = { data: { people: { __typename: 'Person', id: '1', name: 'Eve', email: 'eve@x', ssn: '5' } }, errors: [] };
    const { data, errors } = await plan.complete(event, { generation, operation, variables, caller }, askDirectly);
    return {
      operation,
      upstream: plan.upstream({}).query,
      data: JSON.parse(data ?? 'null') as unknown,
      errors: errors.map((error) => ({ message: error.message, path: error.path?.join('.'), code: error.extensions.code })),
    };
  }

  it.each(['subscription { secrets }', 'subscription { ...F } fragment F on Subscription { s: secrets }'])(
    'whose root field may not be seen is refused: %s',
    async (query) => {
      const { data, errors } = await staffed().ask(query);
      expect(data).toBeUndefined();
      expect(errors.map(({ code }) => code)).toEqual(['UNAUTHENTICATED']);
    },
  );

  it('has null, and an error, for a field that may not be seen, in each event, and nobody is asked for it', async () => {
    const federation = staffed();
    const followed = await follow(federation, 'subscription { people { id name email desk } }', null);
    expect(followed.upstream).not.toContain('email');
    expect(followed.data).toEqual({ people: { id: '1', name: 'Eve', email: null, desk: 'desk 1' } });
    expect(followed.errors).toEqual([unauthenticated('people.email')]);
  });

  it('becomes null as far as its fields must not be null', async () => {
    const followed = await follow(staffed(), 'subscription { people { id ssn } }', viewer('salaries'));
    expect(followed.data).toEqual({ people: null });
    expect(followed.errors).toEqual([forbidden('people.ssn')]);
  });

  it('is another one for those who may see more, who never share its events', async () => {
    const federation = staffed();
    const query = 'subscription { people { id email } }';
    const [nobody, somebody] = [await follow(federation, query, null), await follow(federation, query, viewer())];
    expect(somebody).toMatchObject({ data: { people: { id: '1', email: 'eve@x' } }, errors: [] });
    expect(somebody.upstream).toContain('email');
    expect(somebody.operation).not.toBe(nobody.operation);
    expect((await follow(federation, query, null)).operation).toBe(nobody.operation);
  });
});

describe('SECURITY 44: what protects', () => {
  const link = (rest: string) =>
    `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@external", "@requires", ${rest}])\n`;

  it('may have another name', async () => {
    const federation = federate([
      {
        name: 'one',
        typeDefs: `${link('{ name: "@authenticated", as: "@login" }, { name: "@requiresScopes", as: "@may" }')}
          type Query { a: String @login b: String @may(scopes: [["b"]]) c: String }`,
        resolvers: { Query: { a: () => 'a', b: () => 'b', c: () => 'c' } },
      },
    ]);
    expect(federation.supergraphSdl).not.toMatch(/@authenticated$|@requiresScopes\(/m);
    expect((await federation.ask('{ a b c }')).data).toEqual({ a: null, b: null, c: 'c' });
    expect((await federation.ask('{ a b c }', {}, viewer('b'))).data).toEqual({ a: 'a', b: 'b', c: 'c' });
  });

  it.each([
    ['by its prefix', '@link(url: "https://specs.apollo.dev/authenticated/v0.1", as: "who", for: SECURITY)', '@who'],
    ['by prefix and name', '@link(url: "https://specs.apollo.dev/authenticated/v0.1", as: "who", for: SECURITY)', '@who__authenticated'],
  ])('is known %s', (_, linked, applied) => {
    const protection = readProtection(parse(`schema ${linked} { query: Query } type Query { a: String ${applied} b: String }`));
    expect(protection?.requirementsOf('Query', 'a')).toEqual([{ kind: 'authenticated', id: 'authenticated' }]);
    expect(protection?.requirementsOf('Query', 'b')).toEqual([]);
  });

  it.each(['@requiresScopes', '@requiresScopes(scopes: 5)', '@requiresScopes(scopes: [["a", 5]])'])(
    'is met by nobody when it cannot be read: %s',
    (applied) => {
      const linked = '@link(url: "https://specs.apollo.dev/requiresScopes/v0.1", for: SECURITY)';
      const protection = readProtection(parse(`schema ${linked} { query: Query } type Query { a: String ${applied} }`));
      const everything = { isAuthenticated: true, scopes: new Set(['a', '5']), policies: new Set<string>() };
      expect(protection?.requirementsOf('Query', 'a').map((each) => meets(everything, each))).toEqual([false]);
    },
  );

  it('covers a field that needs a protected one, where composition did not see to it', async () => {
    const federation = staffed({
      edit: (sdl) => sdl.replace(/(tax: Int[^\n]*?) @requiresScopes\(scopes: \[\["salaries"\]\]\)/, '$1'),
    });
    expect(federation.supergraphSdl).toMatch(/tax: Int @join__field\(graph: PAYROLL, requires: "salary"\)\n/);
    expect((await federation.ask('{ first { tax } }', {}, viewer())).errors).toEqual([forbidden('first.tax')]);
    expect(JSON.stringify(federation.asked)).not.toMatch(/salary/);
    expect((await federation.ask('{ first { tax } }', {}, viewer('salaries'))).data).toEqual({ first: { tax: 5 } });
  });

  it('is refused with the whole supergraph when nobody here knows how to enforce it', () => {
    const unknown = (sdl: string) =>
      sdl.replace(
        '@link(url: "https://specs.apollo.dev/link/v1.0")',
        '$&\n  @link(url: "https://specs.apollo.dev/unheard/v0.1", for: SECURITY)',
      );
    expect(() => staffed({ edit: unknown })).toThrow('unheard');
  });
});
