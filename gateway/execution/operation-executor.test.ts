import { describe, expect, it } from '@jest/globals';
import { createExecutionStage, representationsOf, type Answer } from '../../tests/testkit/generated/execution-stage.js';
import { supergraphs } from '../../tests/testkit/generated/supergraphs.js';

const users = `
  type Query { users: [User] me: User! hello: String matrix: [[User]] }
  type Mutation { first: Int second: Int }
  type User @key(fields: "id") { id: ID! name: String! tag: String }`;
const scores = `
  type Mutation { third: Int }
  type User @key(fields: "id") { id: ID! score: Int! best: Game }
  type Game { title: String! }`;

function createPeople(answers: { users: Answer; scores: Answer }) {
  return createExecutionStage({
    users: { typeDefs: users, answer: answers.users },
    scores: { typeDefs: scores, answer: answers.scores },
  });
}

const user = (id: string) => ({ __typename: 'User', id });
const scored: Answer = (request) => ({ data: { _entities: representationsOf(request).map(({ id }) => ({ score: Number(id) })) } });

describe('Entities', () => {
  it('that are equal are asked for once, and are everywhere', async () => {
    const stage = createPeople({ users: () => ({ data: { users: [user('1'), user('2'), null, user('1')] } }), scores: scored });
    const { text, errors } = await stage.run('{ users { score id } }');
    expect(text).toBe('{"users":[{"score":1,"id":"1"},{"score":2,"id":"2"},null,{"score":1,"id":"1"}]}');
    expect(errors).toEqual([]);
    expect(stage.asked.map(({ variables }) => variables)).toEqual([{}, { representations: [user('1'), user('2')] }]);
  });

  it('in lists of lists are found', async () => {
    const stage = createPeople({ users: () => ({ data: { matrix: [[user('3')], null, [null, user('4')]] } }), scores: scored });
    const { data } = await stage.run('{ matrix { score } }');
    expect(data).toEqual({ matrix: [[{ score: 3 }], null, [null, { score: 4 }]] });
  });

  it('share nothing with each other that later answers could change', async () => {
    const game = { __typename: 'User', best: { title: 'chess' } };
    const stage = createExecutionStage({
      users: {
        typeDefs: 'type Query { users: [User] } type User @key(fields: "id") { id: ID! tag: String }',
        // A subgraph that contradicts itself: the same user with two tags.
        answer: () => ({
          data: {
            users: [
              { ...user('1'), tag: 'a' },
              { ...user('1'), tag: 'b' },
            ],
          },
        }),
      },
      games: {
        typeDefs: 'type User @key(fields: "id") { id: ID! best: Game @shareable } type Game { title: String }',
        answer: () => ({ data: { _entities: [game] } }),
      },
      rules: {
        typeDefs: `type User @key(fields: "id") { id: ID! tag: String @external best: Game @shareable hint: String @requires(fields: "tag") }
          type Game { rule: String }`,
        // The last to answer.
        async answer(request) {
          await new Promise((resolve) => setImmediate(resolve));
          return {
            data: {
              _entities: representationsOf(request).map(({ tag }) => ({
                hint: `hint ${String(tag)}`,
                best: { rule: `rule ${String(tag)}` },
              })),
            },
          };
        },
      },
    });
    const { data } = await stage.run('{ users { best { title rule } hint } }');
    const of = (tag: string) => ({ best: { title: 'chess', rule: `rule ${tag}` }, hint: `hint ${tag}` });
    expect(data).toEqual({ users: [of('a'), of('b')] });
  });

  it.each([
    ['too few', { _entities: [] }],
    ['no list', { _entities: 'all' }],
    ['nothing', null],
    ['something else', {}],
  ])('are told as an error when a subgraph answers with %s of them', async (_what, data) => {
    const stage = createPeople({ users: () => ({ data: { users: [user('1')] } }), scores: () => ({ data }) });
    const result = await stage.run('{ users { id best { title } } }');
    expect(result.data).toEqual({ users: [{ id: '1', best: null }] });
    expect(result.errors).toMatchObject([{ path: ['users', 0, 'best'], code: 'UNAVAILABLE' }]);
  });

  it('SECURITY 43: whose values are nested deeper than can be written leave their places null, with errors, and all else', async () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    const stage = createExecutionStage({
      users: {
        typeDefs: 'type Query { users: [User] } type User @key(fields: "id") { id: ID! }',
        answer: () => ({ data: { users: [user('1'), user('1')] } }),
      },
      notes: {
        typeDefs: 'scalar Json type User @key(fields: "id") { id: ID! notes: Json }',
        answer: () => `{"data":{"_entities":[{"notes":${deep}}]}}`,
      },
      rules: {
        typeDefs: 'scalar Json type User @key(fields: "id") { id: ID! notes: Json @external hint: String @requires(fields: "notes") }',
        answer: () => ({ data: { _entities: [] } }),
      },
    });
    const { data, errors } = await stage.run('{ users { id notes hint } }');
    expect(data).toEqual({ users: [1, 2].map(() => ({ id: '1', notes: null, hint: null })) });
    expect(errors.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        ['users', 0, 'notes'],
        ['users', 1, 'notes'],
      ]),
    );
  });

  it('that are garbage are no entities', async () => {
    const stage = createPeople({
      users: () => ({ data: { users: [user('1'), user('2'), user('3')] } }),
      scores: () => ({ data: { _entities: [7, [], { best: { title: 'go' } }] } }),
    });
    expect((await stage.run('{ users { best { title } } }')).data).toEqual({
      users: [{ best: null }, { best: null }, { best: { title: 'go' } }],
    });
  });
});

describe('Answers about one object', () => {
  const typeDefs = supergraphs['interfaces known as objects'] ?? {};

  it('do not replace the name of its type with that of an interface', async () => {
    const stage = createExecutionStage({
      catalogue: {
        typeDefs: typeDefs.catalogue ?? '',
        answer: () => ({
          data: {
            items: [
              { __typename: 'Chair', id: '1', legs: 4 },
              { __typename: 'Table', id: '2' },
            ],
          },
        }),
      },
      prices: {
        typeDefs: typeDefs.prices ?? '',
        answer: (request) => ({
          data: { _entities: representationsOf(request).map(({ id }) => ({ __typename: 'Item', price: Number(id) })) },
        }),
      },
    });
    const { text, errors } = await stage.run('{ items { price ... on Chair { legs } ... on Table { area } __typename } }');
    expect(text).toBe('{"items":[{"price":1,"legs":4,"__typename":"Chair"},{"price":2,"area":null,"__typename":"Table"}]}');
    expect(errors).toEqual([]);
  });

  it('replace the name of an interface with that of the object type, and are null where nobody knows it', async () => {
    const stage = createExecutionStage({
      catalogue: {
        typeDefs: typeDefs.catalogue ?? '',
        answer: () => ({ data: { _entities: [{ __typename: 'Chair', legs: 3 }, null] } }),
      },
      prices: {
        typeDefs: typeDefs.prices ?? '',
        answer: () => ({
          data: {
            dearest: [
              { __typename: 'Item', id: '1', price: 9 },
              { __typename: 'Item', id: '2', price: 8 },
            ],
          },
        }),
      },
    });
    expect((await stage.run('{ dearest { price } }')).text).toBe('{"dearest":[{"price":9},{"price":8}]}');
    const { data, errors } = await stage.run('{ cheap: dearest { price } }');
    expect([data, errors]).toEqual([null, [expect.objectContaining({ path: ['cheap'] })]]);
    const typed = await stage.run('{ dearest { __typename price } }');
    expect(typed.data).toBeNull();
    expect(typed.errors).toMatchObject([{ path: ['dearest', 1, '__typename'] }]);
  });

  it('do not take away what another subgraph gave, by a null', async () => {
    const values = supergraphs['values that several give'] ?? {};
    const stage = createExecutionStage({
      one: { typeDefs: values.one ?? '', answer: () => ({ data: { here: { __typename: 'Here', id: '1', spot: { north: 1, east: 2 } } } }) },
      two: {
        typeDefs: values.two ?? '',
        answer: () => ({ data: { _entities: [{ spot: null }] }, errors: [{ message: 'No', path: ['_entities', 0, 'spot'] }] }),
      },
    });
    const { data, errors } = await stage.run('{ here { spot { north east height } } }');
    expect(data).toEqual({ here: { spot: { north: 1, east: 2, height: null } } });
    expect(errors).toMatchObject([{ path: ['here', 'spot'] }]);
  });
});

describe('An error of a subgraph', () => {
  it('about an entity is told at each of its places, and explains the nulls there', async () => {
    const stage = createPeople({
      users: () => ({ data: { users: [null, user('1'), { id: '9' }, user('2'), user('1')] } }),
      scores: () => ({
        data: { _entities: [null, { score: 2 }] },
        errors: [{ message: 'No score', path: ['_entities', 0, 'score'], extensions: { code: 'NOT_FOUND' } }],
      }),
    });
    const { data, errors } = await stage.run('{ users { score } }');
    expect(data).toEqual({ users: [null, null, null, { score: 2 }, null] });
    expect(errors).toEqual([
      { message: 'No score', path: ['users', 1, 'score'], code: 'NOT_FOUND' },
      { message: 'No score', path: ['users', 4, 'score'], code: 'NOT_FOUND' },
      // Nobody could be asked about one without a type.
      { message: 'Cannot return null for non-nullable field User.score.', path: ['users', 2, 'score'], code: 'INTERNAL_SERVER_ERROR' },
    ]);
  });

  it('without a path is told once, and explains only the nulls of its own fields', async () => {
    const stage = createPeople({
      users: () => ({ data: { me: { ...user('1'), name: null } } }),
      scores: () => ({ data: null, errors: [{ message: 'Down', extensions: { code: 'UNAVAILABLE' } }] }),
    });
    expect((await stage.run('{ me { score } }')).errors).toEqual([{ message: 'Down', path: undefined, code: 'UNAVAILABLE' }]);
    const both = await stage.run('{ me { name score } }');
    expect(both.data).toBeNull();
    expect(both.errors).toEqual([
      { message: 'Down', path: undefined, code: 'UNAVAILABLE' },
      { message: 'Cannot return null for non-nullable field User.name.', path: ['me', 'name'], code: 'INTERNAL_SERVER_ERROR' },
    ]);
  });

  it.each([[['zzz', 'b']], [['users', 0, 'price']], [['_entities', 0, 'score', 'more']]])(
    'with the path %j, which nobody asked for, is told without it',
    async (path) => {
      const told = { message: 'no such thing', path, extensions: { code: 'C' } };
      const stage = createPeople({
        users: () => ({ data: { users: [user('1')], hello: null }, errors: [told] }),
        scores: () => ({ data: { _entities: [{ score: 1 }] }, errors: [told] }),
      });
      const { data, errors } = await stage.run('{ hello users { score } }');
      expect(data).toEqual({ hello: null, users: [{ score: 1 }] });
      expect(errors.map(({ message, path: at }) => ({ message, at }))).toEqual(
        ['users', 'scores'].map(() => ({ message: 'no such thing', at: undefined })),
      );
    },
  );

  it('that left no data explains the nulls of all that was asked for with it', async () => {
    const taken = { message: 'Taken', extensions: { code: 'BAD_USER_INPUT' } };
    const stage = createExecutionStage({
      users: {
        typeDefs: 'type Query { hello: String } type Mutation { login(name: Int): User! } type User @key(fields: "id") { id: ID! }',
        answer: () => ({ data: null, errors: [{ ...taken, path: ['b', 'id'] }] }),
      },
    });
    const { data, errors } = await stage.run('mutation { a: login(name: 1) { id } b: login(name: 2) { id } c: login { id } }');
    expect(data).toBeNull();
    expect(errors).toEqual([{ message: 'Taken', path: ['b', 'id'], code: 'BAD_USER_INPUT' }]);
  });

  it.each([
    ['no entity', { data: { _entities: [null] }, errors: [{ message: 'No', path: ['_entities', 0, 'score'] }] }],
    ['no entities', { data: { _entities: null }, errors: [{ message: 'No', path: ['_entities', 0, 'score'] }] }],
    ['no data', { data: null, errors: [{ message: 'No', path: ['_entities', 0, 'score'] }] }],
    ['too few entities', { data: { _entities: [] }, errors: [{ message: 'No', path: ['_entities', 0, 'score'] }] }],
  ])('that left %s explains all that this one was asked for', async (_name, answer) => {
    const stage = createExecutionStage({
      users: { typeDefs: users, answer: () => ({ data: { me: user('1') } }) },
      scores: { typeDefs: 'type User @key(fields: "id") { id: ID! score: Int! rank: Int! }', answer: () => answer },
    });
    expect((await stage.run('{ me { rank score } }')).errors).toMatchObject([{ message: 'No', path: ['me', 'score'] }]);
  });

  it('that left some of the data explains nothing beside it', async () => {
    const stage = createPeople({
      users: () => ({ data: { users: [user('1'), user('2')], hello: null }, errors: [{ message: 'No', path: ['hello'] }] }),
      scores: () => ({
        data: { _entities: [null, { score: null }] },
        errors: [{ message: 'No score', path: ['_entities', 0, 'score'] }],
      }),
    });
    expect((await stage.run('{ hello users { score } me { id } }')).errors).toMatchObject([
      { path: ['hello'] },
      { path: ['users', 0, 'score'] },
      { path: ['users', 1, 'score'], code: 'INTERNAL_SERVER_ERROR' },
      { path: ['me'], code: 'INTERNAL_SERVER_ERROR' },
    ]);
  });

  it('keeps its code, and has one when the subgraph gave none', async () => {
    const stage = createPeople({
      users: () => ({ data: { hello: null }, errors: [{ message: 'No', path: ['hello'] }] }),
      scores: scored,
    });
    expect((await stage.run('{ hello }')).errors).toEqual([{ message: 'No', path: ['hello'], code: 'DOWNSTREAM_SERVICE_ERROR' }]);
  });

  it('has the names that the client wrote, not those that the planner made up, and nothing is lost by them', async () => {
    const stage = createExecutionStage({
      one: {
        // Not the same shape in this subgraph, though in the supergraph.
        typeDefs: 'type Query { things: [Thing!]! } union Thing = A | B type A @shareable { x: Int! } type B @shareable { x: Int }',
        answer({ query }) {
          const alias = /(x__\w+):\s?x/.exec(query)?.[1];
          if (alias === undefined) throw new Error(`no alias in ${query}`);
          const [a, b] = query.indexOf(alias) < query.indexOf('on B') ? [alias, 'x'] : ['x', alias];
          return {
            data: {
              things: [
                { __typename: 'A', [a]: 0 },
                { __typename: 'B', [b]: 0 },
                { __typename: 'B', [b]: null },
              ],
            },
            errors: [{ message: 'No x', path: ['things', 2, b] }],
          };
        },
      },
      two: { typeDefs: 'type Query { a: A } type A @shareable { x: Int }', answer: () => ({ data: {} }) },
    });
    const { data, errors } = await stage.run('{ things { ... on A { x } ... on B { x } } }');
    expect(data).toEqual({ things: [{ x: 0 }, { x: 0 }, { x: null }] });
    expect(errors).toMatchObject([{ path: ['things', 2, 'x'] }]);
  });

  it('that is thrown leaves the rest of the answer', async () => {
    const stage = createPeople({
      users: () => ({ data: { users: [user('1')] } }),
      scores: () => {
        throw new Error('broken');
      },
    });
    const { data, errors } = await stage.run('{ users { id best { title } } }');
    expect(data).toEqual({ users: [{ id: '1', best: null }] });
    expect(errors).toMatchObject([{ code: 'INTERNAL_SERVER_ERROR' }]);
  });
});

describe('A mutation', () => {
  it('asks one subgraph after the other, in the order of the document', async () => {
    let open = 0;
    const answer: Answer = async ({ query }) => {
      open += 1;
      expect(open).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      open -= 1;
      return { data: Object.fromEntries(['first', 'second', 'third'].filter((name) => query.includes(name)).map((name) => [name, 1])) };
    };
    const stage = createPeople({ users: answer, scores: answer });
    expect((await stage.run('mutation { second third first }')).text).toBe('{"second":1,"third":1,"first":1}');
    expect(stage.asked.map(({ subgraph }) => subgraph)).toEqual(['users', 'scores', 'users']);
  });
});

describe('SECURITY 42: names that every object inherits', () => {
  const hostile =
    '{"data":{"users":[{"__typename":"User","id":"1","__proto__":"proto","constructor":{"title":"game"},"toString":"text","hasOwnProperty":1}]}}';

  it('are names like any other as aliases', async () => {
    const stage = createPeople({
      users: () => hostile.replaceAll('"title":"game"', ''),
      scores: () => '{"data":{"_entities":[{"valueOf":3,"__proto__":{"title":"chess"},"constructor":{"title":"go"}}]}}',
    });
    const { text, errors } = await stage.run(
      '{ users { toString: name valueOf: score __proto__: best { title } constructor: best { title } } }',
    );
    expect(text).toBe('{"users":[{"toString":"text","valueOf":3,"__proto__":{"title":"chess"},"constructor":{"title":"go"}}]}');
    expect(errors).toEqual([]);
  });

  it('are not found where no subgraph gave them', async () => {
    const stage = createPeople({ users: () => ({ data: { users: [user('1')] } }), scores: () => ({ data: { _entities: [{}] } }) });
    const { data } = await stage.run('{ users { constructor: tag valueOf: best { title } toString: tag } }');
    expect(data).toEqual({ users: [{ constructor: null, valueOf: null, toString: null }] });
  });

  it('change no object when a subgraph adds them unasked', async () => {
    const stage = createPeople({
      users: () => hostile,
      scores: () => '{"data":{"_entities":[{"score":1,"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}]}}',
    });
    expect((await stage.run('{ users { id score } }')).data).toEqual({ users: [{ id: '1', score: 1 }] });
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
    expect('polluted' in {}).toBe(false);
  });
});
