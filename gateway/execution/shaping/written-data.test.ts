import { describe, expect, it } from '@jest/globals';
import { executeSync, getIntrospectionQuery, parse } from 'graphql';
import { createExecutionStage } from '../../../tests/testkit/generated/execution-stage.js';

const typeDefs = `
  type Query { value: Value must: Value! node: Node }
  type Value { string: String id: ID int: Int float: Float boolean: Boolean kind: Kind json: Json must: String! list: [Int!] }
  enum Kind { OPEN SECRET @inaccessible }
  scalar Json
  interface Node { id: ID! }
  type Public implements Node { id: ID! name: String }
  type Hidden implements Node @inaccessible { id: ID! name: String }`;

function answering(value: unknown) {
  return createExecutionStage({ all: { typeDefs, answer: () => (typeof value === 'string' ? value : { data: value }) } });
}

describe('A value', () => {
  it.each([
    ['string', '5'],
    ['string', 'true'],
    ['string', '{}'],
    ['id', '{}'],
    ['id', '1.5'],
    ['int', '2147483648'],
    ['int', '-2147483649'],
    ['int', '1.5'],
    ['int', '"1"'],
    ['int', 'true'],
    ['float', '1e400'],
    ['float', '"1.5"'],
    ['boolean', '1'],
    ['kind', '"OTHER"'],
    ['kind', '"SECRET"'],
    ['kind', '"constructor"'],
    ['kind', '0'],
    ['list', '"1"'],
    ['list', '{}'],
  ])('of %s is null with an error when it is none of the type: %s', async (field, value) => {
    const { text, errors } = await answering(`{"data":{"value":{"${field}":${value}}}}`).run(`{ value { ${field} } }`);
    expect(text).toBe(`{"value":{"${field}":null}}`);
    expect(errors).toEqual([
      { message: `Invalid value found for field Value.${field}.`, path: ['value', field], code: 'INTERNAL_SERVER_ERROR' },
    ]);
  });

  it.each([
    ['string', '"a \\"quote\\", a \\\\, a \\n and a \\u0000"'],
    ['string', '"“é” 😀 \\ud800"'],
    ['string', '""'],
    ['id', '"007"'],
    ['int', '2147483647'],
    ['int', '-2147483648'],
    ['int', '0'],
    ['float', '1.5'],
    ['float', '1e+21'],
    ['boolean', 'false'],
    ['kind', '"OPEN"'],
    ['json', '{"a":[1,null,{"__proto__":"b"}]}'],
    ['json', '"null"'],
    ['list', '[]'],
    ['list', '[1,2]'],
  ])('of %s is written as it is: %s', async (field, value) => {
    const { text, errors } = await answering(`{"data":{"value":{"${field}":${value}}}}`).run(`{ value { ${field} } }`);
    expect(text).toBe(`{"value":{"${field}":${value}}}`);
    expect(errors).toEqual([]);
  });

  it('SECURITY 43: of JSON that is nested deeper than can be written is null with an error, and nothing else is', async () => {
    const value = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    const { text, errors } = await answering(`{"data":{"value":{"int":1,"json":${value}}}}`).run('{ value { int json } }');
    expect(text).toBe('{"value":{"int":1,"json":null}}');
    expect(errors).toEqual([
      { message: 'Invalid value found for field Value.json.', path: ['value', 'json'], code: 'INTERNAL_SERVER_ERROR' },
    ]);
  });

  it('of an id is a string, as the specification wants it, also when the subgraph wrote a number', async () => {
    expect((await answering({ value: { id: 7 } }).run('{ value { id } }')).text).toBe('{"value":{"id":"7"}}');
  });
});

describe('A null in a non-null place', () => {
  it.each([
    ['up to the next field that may be null', '{ value { must } }', { value: {} }, { value: null }, ['value', 'must']],
    [
      'up to the list that may be null',
      '{ value { list } }',
      { value: { list: [1, null] } },
      { value: { list: null } },
      ['value', 'list', 1],
    ],
    ['up to the data', '{ must { must } }', { must: { must: null } }, null, ['must', 'must']],
  ])('makes everything null %s, and is told once', async (_where, query, answer, data, path) => {
    const result = await answering(answer).run(query);
    expect(result.data).toEqual(data);
    expect(result.errors).toMatchObject([{ path }]);
  });
});

describe('What is inaccessible', () => {
  it('is null, and its name is not told', async () => {
    const { data, errors } = await answering({ node: { __typename: 'Hidden', id: '1' } }).run('{ node { id } }');
    expect(data).toEqual({ node: null });
    expect(errors).toMatchObject([{ path: ['node'] }]);
    expect(JSON.stringify(errors)).not.toContain('Hidden');
  });
});

describe('Fields', () => {
  it.each([
    [{ a: true, b: true }, '{"value":{"int":1,"string":"s"}}'],
    [{ a: true, b: false }, '{"value":{"int":1}}'],
    [{ a: false, b: true }, '{"value":{"string":"s","int":1}}'],
    [{ b: false }, '{"value":{"int":1}}'],
    [{ a: false, b: false }, '{"value":{"int":1}}'],
  ])('are there, in their order, as the variables say: %j', async (variables, text) => {
    const stage = answering({ value: { int: 1, string: 's' } });
    const query =
      'query($a: Boolean! = true, $b: Boolean!) { value { int @include(if: $a) ... @include(if: $b) { string } ...More } } fragment More on Value { int }';
    // In the order of the table, on one operation.
    for (const each of [{ a: true, b: true }, { a: false, b: false }, variables]) await stage.run(query, each);
    expect((await stage.run(query, variables)).text).toBe(text);
  });
});

describe('Introspection', () => {
  const full = getIntrospectionQuery({ descriptions: true, inputValueDeprecation: true });

  it.each([
    ['in full', full, {}],
    ['twice, with aliases', '{ a: __type(name: "Value") { name } b: __type(name: "Query") { fields { name } } }', {}],
    ['with variables', 'query($n: String!) { __type(name: $n) { name kind } }', { n: 'Value' }],
    ['with other variables', 'query($n: String!) { __type(name: $n) { name kind } }', { n: 'Hidden' }],
    [
      'in fragments',
      '{ ...A ... { __schema { queryType { name } } } } fragment A on Query { kind: __typename __schema { types { name } } }',
      {},
    ],
    ['not at all', 'query($no: Boolean!) { __typename __schema @include(if: $no) { types { name } } }', { no: false }],
  ])('is answered as graphql-js does, without asking a subgraph: %s', async (_how, source, variables) => {
    const stage = answering({});
    const { data } = executeSync({ schema: stage.generation.schema, document: parse(source), variableValues: variables, rootValue: {} });
    for (let time = 0; time < 2; time += 1) expect((await stage.run(source, variables)).text).toBe(JSON.stringify(data));
    expect(stage.asked).toEqual([]);
  });

  it('is not mixed up with what other variables select', async () => {
    const stage = answering({});
    const source = 'query($all: Boolean!) { __schema { queryType { name } } __schema @include(if: $all) { types { name } } }';
    for (const all of [false, true, false]) {
      const { data } = executeSync({ schema: stage.generation.schema, document: parse(source), variableValues: { all }, rootValue: {} });
      expect((await stage.run(source, { all })).text).toBe(JSON.stringify(data));
    }
  });

  it('stands beside what subgraphs answer', async () => {
    const { text } = await answering({ value: { int: 3 } }).run(
      '{ __type(name: "Kind") { enumValues { name } } value { int } __typename }',
    );
    expect(text).toBe('{"__type":{"enumValues":[{"name":"OPEN"}]},"value":{"int":3},"__typename":"Query"}');
  });
});
