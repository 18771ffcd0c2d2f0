import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildSchema, getVariableValues, Kind, parse } from 'graphql';
import { prepareFittingVariables } from './fitting-variables.js';

const schema = buildSchema(`
  scalar Anything
  enum Color { RED GREEN toString }
  input Inner { id: ID! color: Color = RED again: Inner list: [Int!] }
  input One @oneOf { a: Int b: String }
  type Query { a(float: Float, anything: Anything, color: Color, inner: Inner, one: One, flag: Boolean): Int }
`);

function prepare(definitions: string) {
  const operation = parse(`query(${definitions}) { a }`).definitions[0];
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no operation');
  const fits = prepareFittingVariables(schema, operation);
  const isRight = (variables: Record<string, unknown>) =>
    getVariableValues(schema, operation.variableDefinitions ?? [], variables).errors === undefined;
  return { fits, isRight };
}

const types = ['Int', 'Float', 'String', 'Boolean', 'ID', 'Color', 'Inner', 'One', 'Anything'].flatMap((type) => [
  type,
  `${type}!`,
  `[${type}]`,
  `[${type}!]!`,
  `[[${type}!]]`,
]);

describe('Variables that are said to fit', () => {
  const leaf = fc.oneof(
    fc.constantFrom<unknown>(null, true, 0, -1, 2 ** 31, 2 ** 31 - 1, 1.5, 1e308, Infinity, '', 'RED', 'toString', '__proto__', 'x'),
    fc.integer(),
    fc.string(),
  );
  const { value } = fc.letrec<{ value: unknown; inner: unknown }>((tie) => ({
    inner: fc.record(
      { id: leaf, color: leaf, again: tie('value'), list: fc.array(leaf, { maxLength: 2 }), constructor: leaf },
      { requiredKeys: [] },
    ),
    value: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('value'), { maxLength: 2 }), tie('inner')),
  }));

  it('fit, as graphql itself says', () => {
    const prepared = types.map((type) => prepare(`$v: ${type}`));
    fc.assert(
      fc.property(fc.nat(prepared.length - 1), fc.oneof(fc.record({ v: value }), fc.constant({})), (index, variables) => {
        const { fits, isRight } = prepared[index] ?? prepare('$v: Int');
        // The one way that matters: what does not fit goes to graphql.
        return !fits(variables) || isRight(variables);
      }),
      { numRuns: 5_000, seed: 6 },
    );
  });

  it.each<[string, Record<string, unknown>]>([
    ['$v: ID!', { v: 'a' }],
    ['$v: ID!', { v: 7 }],
    ['$v: ID', {}],
    ['$v: Int! = 1', {}],
    ['$v: [ID!]!', { v: ['a', 'b'] }],
    ['$v: Inner!', { v: { id: 'a', again: { id: 'b', color: null, list: [1, 2 ** 31 - 1] } } }],
    ['$v: Color, $w: Float', { v: 'GREEN', w: 0.5, other: Infinity }],
  ])('are what clients send: %s %j', (definitions, variables) => {
    expect(prepare(definitions).fits(variables)).toBe(true);
  });

  it.each<[string, Record<string, unknown>]>([
    ['$v: ID!', {}],
    ['$v: ID!', { v: null }],
    ['$v: ID!', { v: { a: 1 } }],
    ['$v: Int', { v: 2 ** 31 }],
    ['$v: Float', { v: Infinity }],
    ['$v: Color', { v: 'valueOf' }],
    ['$v: Inner', { v: {} }],
    ['$v: Inner', { v: JSON.parse('{"id":"a","__proto__":1}') }],
    ['$v: [Inner!]', { v: [{ id: 'a', nobody: 1 }] }],
    ['$v: [Int!]', { v: [1, null] }],
    ['$v: Anything', { v: 1 }],
    ['$v: One', { v: { a: 1 } }],
    ['$v: Nowhere', { v: 1 }],
  ])('are not those which graphql has to look at: %s %j', (definitions, variables) => {
    expect(prepare(definitions).fits(variables)).toBe(false);
  });
});
