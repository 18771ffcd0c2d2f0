import { describe, expect, it } from '@jest/globals';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { execute, getIntrospectionQuery, GraphQLScalarType, parse } from 'graphql';
import { createExecute, type ExecutedOperation } from './compiled-execution.js';

const typeDefs = parse(`
  scalar Anything
  type Query {
    word(text: String, times: Int = 1): String
    sum(of: [Int!]): Int
    anything: Anything
    half: Float
    lazy(value: String): String
    words: [String!]
    strict: [String!]!
    person: Person
    people: [Person]
  }
  type Mutation { add(n: Int!): [Int!]! }
  type Person { name: String! friend: Person anything: Anything echo(text: String, of: [Int!]): String broken: String! late: String }`);

interface Context {
  readonly calls: unknown[];
  readonly anything?: unknown;
  readonly words?: unknown;
}

const schema = buildSubgraphSchema([
  {
    typeDefs,
    resolvers: {
      Anything: new GraphQLScalarType({ name: 'Anything', serialize: (value) => value }),
      Query: {
        word(_: unknown, given: { text?: string | null; times: number }, { calls }: Context) {
          calls.push({ ...given });
          Object.assign(given, { text: 'spoilt', times: 9 });
          return 'word';
        },
        sum: (_: unknown, given: { of?: number[] }, { calls }: Context) => {
          calls.push([...(given.of ?? [])]);
          given.of?.push(1_000);
          return 1;
        },
        anything: (_: unknown, _given: object, { anything }: Context) => anything,
        half: () => -0,
        lazy: async (_: unknown, { value }: { value?: string }, { calls }: Context) => {
          await Promise.resolve();
          calls.push(value);
          return value;
        },
        words: (_: unknown, _given: object, { words }: Context) => words,
        strict: (_: unknown, _given: object, { words }: Context) => words,
        person: () => ({ name: 'Ada', friend: { name: 'Bob' } }),
        people: () => [{ name: 'Ada' }, { name: null }, { name: 'Cy', anything: 1 }],
      },
      Person: {
        echo(_: unknown, given: { text?: string; of?: number[] }, { calls }: Context) {
          calls.push(JSON.stringify(given));
          given.text = 'spoilt';
          given.of?.push(1_000);
          return 'echo';
        },
        broken: () => Promise.reject(new Error('broken')),
        late: async () => {
          await new Promise(setImmediate);
          throw new Error('late');
        },
      },
      Mutation: {
        add: async (_: unknown, { n }: { n: number }, { calls }: Context) => {
          calls.push(`begin ${n}`);
          await new Promise(setImmediate);
          calls.push(`end ${n}`);
          return [n];
        },
      },
    },
  },
]);
const ours = createExecute(schema);

function ask(source: string, context: Partial<Context> = {}, rest: Partial<ExecutedOperation> = {}) {
  return ours({ document: parse(source), contextValue: { calls: [], ...context }, ...rest });
}

describe('An operation that cannot begin', () => {
  it.each([
    ['has a name that the document has not', '{ word }', { operationName: 'Other' }],
    ['has no name among several', 'query A { word } query B { word }', {}],
    ['is none', 'fragment F on Query { word }', {}],
    ['is of a kind that the schema has not', 'subscription { word }', {}],
    ['has variables that do not fit', 'query ($n: Int!) { word(times: $n) }', { variableValues: { n: 'x' } }],
    ['has an "if" that is null', 'query ($if: Boolean = true) { word @include(if: $if) }', { variableValues: { if: null } }],
    ['has an "if" that is no Boolean', '{ word @include(if: 7) }', {}],
  ])('is told as graphql-js tells it when it %s', async (_why, source, rest) => {
    const theirs = await execute({ schema, document: parse(source), contextValue: { calls: [] }, ...rest });
    expect(theirs.errors).toHaveLength(1);
    expect(await ask(source, {}, rest)).toEqual(theirs);
  });
});

describe('The data of a compiled operation', () => {
  it('SECURITY 42: has "__proto__" as a key like any other', async () => {
    const { data } = await ask('{ __proto__: word person { __proto__: name } }');
    expect(JSON.stringify(data)).toBe('{"__proto__":"word","person":{"__proto__":"Ada"}}');
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
  });

  it('shares nothing with what a resolver gave', async () => {
    const anything = { inner: { list: [1] } };
    const { data } = await ask('{ anything }', { anything });
    expect(data).toEqual({ anything });
    anything.inner.list.push(2);
    expect(data).toEqual({ anything: { inner: { list: [1] } } });
  });

  it('is JSON: no dates, nothing undefined, no minus zero', async () => {
    const { data } = await ask('{ anything half }', { anything: { at: new Date(0), none: undefined } });
    expect(Object.is(data?.half, 0)).toBe(true);
    expect(data).toStrictEqual({ anything: { at: '1970-01-01T00:00:00.000Z' }, half: 0 });
  });

  it('has an error in the place of what cannot be JSON', async () => {
    const { data, errors } = await ask('{ word anything }', { anything: 1n });
    expect({ data, paths: errors?.map(({ path }) => path) }).toEqual({ data: { word: 'word', anything: null }, paths: [['anything']] });
  });

  it('keeps the order of the document whatever answers first', async () => {
    const { data } = await ask('{ a: lazy(value: "1") word b: lazy(value: "2") half }');
    expect(Object.keys(data ?? {})).toEqual(['a', 'word', 'b', 'half']);
  });

  it('has null for an object whose field may not be null, and says which', async () => {
    const { data, errors } = await ask('{ people { name anything } }');
    expect(data).toEqual({ people: [{ name: 'Ada', anything: null }, null, { name: 'Cy', anything: 1 }] });
    expect(errors?.map(({ path, message }) => ({ path, message }))).toEqual([
      { path: ['people', 1, 'name'], message: 'Cannot return null for non-nullable field Person.name.' },
    ]);
  });

  it('has no word on what failed below something that was null by then', async () => {
    const { data, errors } = await ask('{ person { late broken } people { late } }');
    expect({ data, paths: errors?.map(({ path }) => path) }).toEqual({
      data: { person: null, people: [{ late: null }, { late: null }, { late: null }] },
      paths: [['person', 'broken'], ...[0, 1, 2].map((index) => ['people', index, 'late'])],
    });
  });

  it('is null as a whole when the root has a field that may not be', async () => {
    const { data, errors } = await ask('{ word strict }', { words: [null] });
    expect({ data, paths: errors?.map(({ path }) => path) }).toEqual({ data: null, paths: [['strict', 0]] });
  });

  it('answers introspection', async () => {
    const source = getIntrospectionQuery();
    expect(await ask(source)).toEqual(JSON.parse(JSON.stringify(await execute({ schema, document: parse(source) }))));
  });
});

describe('A resolver of a compiled operation', () => {
  it('gets arguments of its own each time, whatever another call did to them', async () => {
    const calls: unknown[] = [];
    const source = 'query ($t: String, $of: [Int!]) { a: word(text: $t) sum(of: $of) b: word(text: "x", times: 2) c: sum(of: [1, 2]) }';
    const document = parse(source);
    for (const t of ['first', null]) await ours({ document, contextValue: { calls }, variableValues: { t, of: [5] } });
    expect(calls).toEqual(['first', null].flatMap((text) => [{ text, times: 1 }, [5], { text: 'x', times: 2 }, [1, 2]]));
  });

  it('gets them for each object of a list', async () => {
    const calls: unknown[] = [];
    await ask('query ($t: String) { people { a: echo(text: $t) b: echo(of: [1]) } }', { calls }, { variableValues: { t: 'x' } });
    expect(calls).toEqual([0, 1, 2].flatMap(() => ['{"text":"x"}', '{"of":[1]}']));
  });

  it('of a mutation begins when the one before has ended', async () => {
    const calls: unknown[] = [];
    const { data } = await ask('mutation { a: add(n: 1) b: add(n: 2) }', { calls });
    expect(data).toEqual({ a: [1], b: [2] });
    expect(calls).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2']);
  });

  it('that fails when its list is lost already ends no process', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      const { data, errors } = await ask('{ word words }', {
        words: [Promise.reject(new Error('late')), null, Promise.reject(new Error('later'))],
      });
      await new Promise(setImmediate);
      expect({ data, paths: errors?.map(({ path }) => path), unhandled }).toEqual({
        data: { word: 'word', words: null },
        paths: [['words', 1]],
        unhandled: [],
      });
    } finally {
      process.off('unhandledRejection', note);
    }
  });

  it('is asked by the choice of the Boolean variables, of which more than are kept may be made', async () => {
    const names = Array.from({ length: 7 }, (_, index) => `v${index}`);
    const definitions = names.map((name) => `$${name}: Boolean!`).join(' ');
    const document = parse(`query (${definitions}) { half ${names.map((name) => `${name}: word @include(if: $${name})`).join(' ')} }`);
    for (let choice = 0; choice < 128; choice += 1) {
      const chosen = names.filter((_name, index) => (choice >> index) % 2 === 1);
      const variableValues = Object.fromEntries(names.map((name) => [name, chosen.includes(name)]));
      const { data } = await ours({ document, variableValues, contextValue: { calls: [] } });
      expect(data).toEqual({ half: 0, ...Object.fromEntries(chosen.map((name) => [name, 'word'])) });
    }
  });
});
