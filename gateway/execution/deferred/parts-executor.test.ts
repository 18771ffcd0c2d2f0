import { describe, expect, it } from '@jest/globals';
import { acceptOperation } from '../../operations/accept-operation.js';
import { defaultOperationLimits } from '../../policy/operation-limits.js';
import { createOperationPolicy } from '../../policy/operation-policy.js';
import type { GenerationOptions } from '../../supergraph/generation.js';
import {
  createExecutionStage,
  representationsOf,
  type Answer,
  type ExecutionStage,
} from '../../../tests/testkit/generated/execution-stage.js';
import { until } from '../../../tests/testkit/until.js';

const users = `
  type Query { users: [User] me: User matrix: [[User]] shops: [Shop] hello: String }
  type Mutation { first: User second: Int }
  type User @key(fields: "id") { id: ID! name: String! pets: [Pet] }
  interface Pet { name: String } type Cat implements Pet { name: String lives: Int! } type Dog implements Pet { name: String }
  type Shop { title: String owner: Owner } type Owner { name: String! user: User }`;
const scores = `
  type User @key(fields: "id") { id: ID! score: Int! rank: Int games: [Game!] }
  type Game { title: String! friend: User }`;

function createPeople(answers: { readonly users: Answer; readonly scores?: Answer }, options?: GenerationOptions): ExecutionStage {
  return createExecutionStage(
    {
      users: { typeDefs: users, answer: answers.users },
      scores: { typeDefs: scores, answer: answers.scores ?? scored },
    },
    options,
  );
}

const user = (id: string, rest: object = {}) => ({ __typename: 'User', id, name: `user ${id}`, ...rest });
const scored: Answer = (request) => ({
  data: { _entities: representationsOf(request).map(({ id }) => ({ score: Number(id), rank: 10 * Number(id) })) },
});
const entitiesOf =
  (make: (id: string) => object | null): Answer =>
  (request) => ({
    data: { _entities: representationsOf(request).map(({ id }) => make(String(id))) },
  });

interface ReadPart {
  readonly label?: string | undefined;
  readonly path: string;
  readonly data: unknown;
  readonly errors: readonly string[];
}

/** What came at first, and then all parts in their order. */
async function readAll(stage: ExecutionStage, source: string, variables?: Readonly<Record<string, unknown>>) {
  const result = await stage.runInParts(source, variables);
  if (result === undefined) return undefined;
  const parts: ReadPart[] = [];
  for (let { hasNext } = result; hasNext;) {
    const increment = await result.next();
    ({ hasNext } = increment);
    for (const { label, path, data, errors } of increment.parts) {
      const told = errors.map((error) => `${error.path?.join('.') ?? 'nowhere'}: ${error.message}`);
      parts.push({ ...(label === undefined ? {} : { label }), path: path.join('.'), data: JSON.parse(data), errors: told });
    }
  }
  const { data = 'null', errors } = result.first;
  return { data: JSON.parse(data) as unknown, errors: errors.map(({ path }) => path?.join('.')), parts };
}

describe('A null that must not be', () => {
  it('in a deferred fragment nulls the fragment and nothing else, and what is deferred in it never comes', async () => {
    const stage = createPeople({
      users: () => ({ data: { me: user('1') } }),
      scores: () => ({ data: { _entities: [{ score: null, rank: 1 }] } }),
    });
    expect(await readAll(stage, '{ me { name ... @defer { score rank ... @defer { games { title } } } } }')).toEqual({
      data: { me: { name: 'user 1' } },
      errors: [],
      parts: [{ path: 'me', data: null, errors: ['me.score: Cannot return null for non-nullable field User.score.'] }],
    });
  });

  it('at first takes with it what would have come later', async () => {
    const stage = createPeople({ users: () => ({ data: { users: [user('1'), { ...user('2'), name: null }] } }) });
    expect(await readAll(stage, '{ users { name ... @defer { rank } } }')).toEqual({
      data: { users: [{ name: 'user 1' }, null] },
      errors: ['users.1.name'],
      parts: [{ path: 'users.0', data: { rank: 10 }, errors: [] }],
    });
  });

  it('of a field that only its fragment asks for is told with the fragment, whoever fetched it', async () => {
    const stage = createPeople({
      users: () => ({
        data: { shops: [{ owner: null }] },
        errors: [{ message: 'No name', path: ['shops', 0, 'owner', 'name'] }],
      }),
    });
    const source = '{ shops { ... @defer { owner { name } me: owner { user { score } } } } }';
    expect(await readAll(stage, source)).toMatchObject({
      errors: [],
      parts: [{ path: 'shops.0', errors: ['shops.0.owner.name: No name'] }],
    });
  });
});

describe('Parts', () => {
  it('come in the order in which they are ready, and never before the one around them', async () => {
    const answers = new Map<string, () => void>();
    const stage = createPeople({
      users: (request) => {
        if (request.variables.representations === undefined) return { data: { me: user('1') } };
        return entitiesOf((id) => user(id))(request);
      },
      async scores(request) {
        const field = /score|rank|games/.exec(request.query)?.[0] ?? '';
        await new Promise<void>((resolve) => answers.set(field, resolve));
        if (field !== 'games') return scored(request);
        return entitiesOf(() => ({ games: [{ title: 'chess', friend: { __typename: 'User', id: '2' } }] }))(request);
      },
    });
    const source = `{ me {
      ... @defer(label: "a") { score }
      ... @defer(label: "b") { rank }
      ... @defer(label: "c") { games { title ... @defer(label: "d") { friend { name } } } }
    } }`;
    const result = await stage.runInParts(source);
    expect(result?.first.data).toBe('{"me":{}}');
    const told: (string | undefined)[][] = [];
    for (const field of ['games', 'rank', 'score']) {
      answers.get(field)?.();
      const labels: (string | undefined)[] = [];
      do labels.push(...((await result?.next())?.parts ?? []).map(({ label }) => label));
      while (field === 'games' && !labels.includes('d'));
      told.push(labels);
    }
    expect(told).toEqual([['c', 'd'], ['b'], ['a']]);
  });

  it('have the paths of their objects, in lists of lists too', async () => {
    const stage = createPeople({
      users: () => ({ data: { a: [[user('3')], null, [null, user('4')]] } }),
      scores: entitiesOf((id) => ({ b: Number(id) })),
    });
    expect(await readAll(stage, '{ a: matrix { id ... @defer(label: "x") { b: score } } }')).toEqual({
      data: { a: [[{ id: '3' }], null, [null, { id: '4' }]] },
      errors: [],
      parts: [
        { label: 'x', path: 'a.0.0', data: { b: 3 }, errors: [] },
        { label: 'x', path: 'a.2.1', data: { b: 4 }, errors: [] },
      ],
    });
  });

  it('and the rest each get what was fetched for them, when a subgraph gives a list that differs each time', async () => {
    const given = [[user('1'), user('2')], [user('3')], [user('4'), user('5'), user('6')]];
    const stage = createPeople({ users: () => ({ data: { users: given.shift() } }) });
    const source = '{ users { name } ... @defer(label: "a") { users { name rank } } ... @defer(label: "b") { users { id rank } } }';
    const answer = await readAll(stage, source);
    expect(answer?.data).toEqual({ users: [{ name: 'user 1' }, { name: 'user 2' }] });
    expect(answer?.parts).toHaveLength(2);
    for (const { label, data } of answer?.parts ?? []) {
      const [first] = (data as { users: { name?: string; id?: string; rank: number }[] }).users;
      expect(first).toEqual(
        label === 'a'
          ? { name: `user ${(first?.rank ?? 0) / 10}`, rank: first?.rank }
          : { id: String((first?.rank ?? 0) / 10), rank: first?.rank },
      );
    }
    expect(answer?.parts.map(({ data }) => (data as { users: unknown[] }).users.length).sort()).toEqual([1, 3]);
  });

  it('are for objects of the type alone', async () => {
    const pets = [
      { __typename: 'Cat', name: 'Tom', lives: 9 },
      { __typename: 'Dog', name: 'Rex' },
    ];
    const stage = createPeople({
      users: ({ query }) => (query.includes('lives') ? { data: { _entities: [{ pets }] } } : { data: { me: user('1', { pets }) } }),
    });
    const source = '{ me { pets { name } ... @defer { pets { ... on Cat { lives } } } } }';
    expect((await readAll(stage, source))?.parts).toEqual([{ path: 'me', data: { pets: [{ lives: 9 }, {}] }, errors: [] }]);
  });

  it('of a fragment that is spread twice come for both', async () => {
    const stage = createPeople({ users: () => ({ data: { me: user('1'), users: [user('2')] } }) });
    const source = '{ me { ...F } users { ...F } } fragment F on User { name ...G @defer(label: "g") } fragment G on User { rank }';
    expect((await readAll(stage, source))?.parts).toEqual([
      { label: 'g', path: 'me', data: { rank: 10 }, errors: [] },
      { label: 'g', path: 'users.0', data: { rank: 20 }, errors: [] },
    ]);
  });

  it('may be of the root', async () => {
    const stage = createPeople({ users: ({ query }) => ({ data: query.includes('hello') ? { hello: 'you' } : { me: user('1') } }) });
    const answer = (await readAll(stage, '{ hello ... @defer { __typename me { name } } }')) ?? { parts: [] };
    expect(answer.parts).toEqual([{ path: '', data: { __typename: 'Query', me: { name: 'user 1' } }, errors: [] }]);
  });

  it('of a mutation are fetched when all its fields are through', async () => {
    const stage = createPeople({
      users: ({ query }) => (query.includes('first') ? { data: { first: user('1'), second: 2 } } : { data: { second: 2 } }),
    });
    expect(await readAll(stage, 'mutation { first { name ... @defer { rank } } second }')).toEqual({
      data: { first: { name: 'user 1' }, second: 2 },
      errors: [],
      parts: [{ path: 'first', data: { rank: 10 }, errors: [] }],
    });
    expect(stage.asked.map(({ subgraph }) => subgraph)).toEqual(['users', 'scores']);
  });

  it('are asked for as soon as what they need is there, and not again', async () => {
    const waves: (() => void)[] = [];
    const held = (make: (id: string) => object): Answer => {
      return async (request) => {
        await new Promise<void>((resolve) => waves.push(resolve));
        return entitiesOf(make)(request);
      };
    };
    const stage = createPeople({
      users: () => ({ data: { me: user('1') } }),
      scores: held((id) => ({ score: Number(id), rank: 10 })),
    });
    const running = stage.runInParts('{ me { score ... @defer { rank } } }');
    await until(() => waves.length === 2, 'both questions');
    for (const answer of waves) answer();
    const result = await running;
    expect(result?.first.data).toBe('{"me":{"score":1}}');
    expect((await result?.next())?.parts).toMatchObject([{ path: ['me'], data: '{"rank":10}' }]);
    expect(stage.asked).toHaveLength(3);
  });

  it('of a mutation are not', async () => {
    const waves: (() => void)[] = [];
    const stage = createPeople({
      users: () => ({ data: { first: user('1') } }),
      async scores(request) {
        await new Promise<void>((resolve) => waves.push(resolve));
        return scored(request);
      },
    });
    const running = stage.runInParts('mutation { first { score ... @defer { rank } } }');
    await until(() => waves.length === 1, 'the first question');
    await new Promise((resolve) => setImmediate(resolve));
    expect(waves).toHaveLength(1);
    waves[0]?.();
    expect((await running)?.first.data).toBe('{"first":{"score":1}}');
    await until(() => waves.length === 2, 'the question of the part');
    waves[1]?.();
    expect((await (await running)?.next())?.parts).toMatchObject([{ data: '{"rank":10}' }]);
  });

  it('are not fetched for nobody', async () => {
    const stage = createPeople({ users: () => ({ data: { users: [] } }) });
    expect(await readAll(stage, '{ users { ... @defer { rank } } }')).toEqual({ data: { users: [] }, errors: [], parts: [] });
    expect(stage.asked).toHaveLength(1);
  });
});

describe('Errors of a part', () => {
  const twoUsers: Answer = () => ({ data: { users: [user('1'), user('2')] } });
  const source = '{ users { name ... @defer { rank } } }';

  it('without a path are told once', async () => {
    const stage = createPeople({ users: twoUsers, scores: () => ({ data: null, errors: [{ message: 'No' }] }) });
    expect((await readAll(stage, source))?.parts).toEqual([
      { path: 'users.0', data: { rank: null }, errors: ['nowhere: No'] },
      { path: 'users.1', data: { rank: null }, errors: [] },
    ]);
  });

  it('are told with their objects', async () => {
    const stage = createPeople({
      users: twoUsers,
      scores: () => ({ data: { _entities: [{ rank: 1 }, null] }, errors: [{ message: 'No second', path: ['_entities', 1] }] }),
    });
    expect(await readAll(stage, source)).toMatchObject({
      errors: [],
      parts: [
        { path: 'users.0', data: { rank: 1 }, errors: [] },
        { path: 'users.1', data: { rank: null }, errors: ['users.1: No second'] },
      ],
    });
  });

  it('are told in its place when the gateway itself is at fault, and nobody waits for ever', async () => {
    const stage = createPeople({ users: twoUsers });
    const parsed = stage.generation.operations.parse(source, undefined, defaultOperationLimits);
    if (parsed.kind === 'refused') throw new Error('refused');
    const result = await stage.generation.executeInParts(parsed.operation, {
      variables: {},
      caller: { subgraphHeaders: {}, signal: new AbortController().signal },
      mayRun: () => true,
      async ask(subgraph, request, caller) {
        const answer = await subgraph.fetch(request, caller);
        if (request.variables.representations === undefined) return answer;
        return Object.defineProperty({ data: null }, 'data', {
          get() {
            throw new Error('a bug');
          },
        });
      },
    });
    expect(await result?.next()).toMatchObject({
      parts: [
        { path: ['users', 0], data: 'null', errors: [{ message: 'a bug', path: ['users', 0] }] },
        { path: ['users', 1], data: 'null', errors: [{ message: 'a bug', path: ['users', 1] }] },
      ],
      hasNext: false,
    });
  });
});

describe('An operation comes at once', () => {
  const stage = createPeople({ users: () => ({ data: { me: user('1') } }) });

  it.each([
    ['{ me { name ... @defer(if: false) { rank } } }', {}],
    ['query ($if: Boolean!) { me { name ... @defer(if: $if) { rank } } }', { if: false }],
    ['query ($if: Boolean = false) { me { name ... @defer(if: $if) { rank } } }', {}],
    ['query ($if: Boolean! = true) { me { name ... @defer(if: $if) { rank } } }', { if: false }],
    // Nothing more has to be fetched for it.
    ['{ shops { title ... @defer { owner { name } } } }', {}],
    // The planner cannot.
    ['{ hello ... @defer { __schema { queryType { name } } me { name } } }', {}],
    // An alias like that of a key is planned by another name.
    ['{ me { id: name ... @defer { rank } } }', {}],
  ])('where nothing is deferred: %s', (source, variables) => {
    expect(stage.runInParts(source, variables)).toBeUndefined();
  });

  it.each([
    ['query ($if: Boolean!) { me { name ... @defer(if: $if) { rank } } }', { if: true }],
    ['query ($if: Boolean = true) { me { name ... @defer(if: $if) { rank } } }', {}],
    // The default of the argument counts.
    ['query ($if: Boolean) { me { name ... @defer(if: $if) { rank } } }', {}],
  ])('but not where something is: %s', async (source, variables) => {
    expect(await readAll(stage, source, variables)).toMatchObject({ parts: [{ path: 'me', data: { rank: 10 } }] });
  });

  it("when the executor is Apollo's", async () => {
    const apollo = createPeople({ users: () => ({ data: { me: user('1') } }) }, { executor: 'apollo' });
    expect(apollo.runInParts('{ me { name ... @defer { rank } } }')).toBeUndefined();
    expect((await apollo.run('{ me { name ... @defer { rank } } }')).data).toEqual({ me: { name: 'user 1', rank: 10 } });
  });

  it('when it has been asked for with 32 other combinations of its conditions', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const source = `query (${names.map((name) => `$${name}: Boolean!`).join(' ')}) { me {
      ${names.map((name) => `... @defer(if: $${name}) { rank }`).join(' ')} } }`;
    const ask = (number: number) =>
      stage.runInParts(source, Object.fromEntries(names.map((name, bit) => [name, ((number >> bit) & 1) === 1])));
    for (let number = 1; number <= 32; number += 1) expect(ask(number)).toBeDefined();
    expect(ask(33)).toBeUndefined();
  });
});

describe('@defer', () => {
  it('is unknown where it is switched off', async () => {
    const off = createPeople({ users: () => ({ data: { me: user('1') } }) }, { defer: false });
    await expect(() => off.run('{ me { ... @defer { rank } } }')).rejects.toThrow('Unknown directive "@defer".');
  });

  it('SECURITY 44: shows nobody in a part what they may not see', async () => {
    const typeDefs = 'type Query { me: User } type User @key(fields: "id") { id: ID! name: String secret: String @authenticated }';
    const answer: Answer = () => ({ data: { me: user('1', { secret: 'x' }) } });
    const stage = createExecutionStage({ users: { typeDefs, answer }, scores: { typeDefs: scores, answer: scored } });
    const payload = { query: '{ me { name ... @defer { rank secret } } }' };
    const identity = { viewer: null, subgraphHeaders: {} };
    const acceptance = await acceptOperation(stage.generation, payload, { policy: createOperationPolicy(), identity });
    if (acceptance.kind === 'refused') throw new Error('refused');
    const { operation, variables } = acceptance.operation;
    const caller = { subgraphHeaders: {}, signal: new AbortController().signal };
    expect(stage.generation.executeInParts(operation, { variables, caller, mayRun: () => true })).toBeUndefined();
    const { data, errors } = await stage.generation.execute(operation, { variables, caller });
    expect(JSON.parse(data ?? '')).toEqual({ me: { name: 'user 1', rank: 10, secret: null } });
    expect(errors).toMatchObject([{ path: ['me', 'secret'], extensions: { code: 'UNAUTHENTICATED' } }]);
    expect(stage.asked.filter(({ query }) => query.includes('secret'))).toEqual([]);
  });
});
