import { describe, expect, it } from '@jest/globals';
import { buildSchema, getVariableValues, Kind, parse, type OperationDefinitionNode } from 'graphql';
import { prepareCoercion } from './coerce-variables.js';

const schema = buildSchema(`
  type Query { a: Int }
  input Input { n: Int = 1 f: Float id: ID }
  enum Enum { A B }
  scalar Any`);

function definitionsOf(text: string) {
  const operation = parse(`query ${text} { a }`).definitions.find(
    (each): each is OperationDefinitionNode => each.kind === Kind.OPERATION_DEFINITION,
  );
  return operation?.variableDefinitions ?? [];
}

const values = [
  undefined,
  null,
  1,
  1.5,
  2 ** 31,
  '1',
  '',
  true,
  'A',
  'C',
  [],
  [1],
  [null],
  [[1], null],
  ['A'],
  [undefined],
  {},
  { n: 2 },
  Number.NaN,
];
const types = [
  'NoType',
  'Int',
  'Float!',
  'String',
  'Boolean!',
  'ID!',
  'Enum',
  'Any',
  'Any!',
  '[Int]',
  '[Int!]!',
  '[[Int]]',
  '[ID!]',
  '[Enum!]',
  '[Any!]!',
  'Input',
  '[Input!]',
];

describe('Variables that are coerced quickly', () => {
  it.each(
    types.flatMap((type) => [[type, ''] as const, ...(type.includes('Int') && !type.includes('[') ? [[type, ' = null'] as const] : [])]),
  )('of the type %s%s have the values of graphql, or none when there is something wrong', (type, byDefault) => {
    const definitions = definitionsOf(`($v: ${type}${type.endsWith('!') ? '' : byDefault})`);
    const coerce = prepareCoercion(schema, definitions);
    for (const given of [{}, ...values.map((v) => ({ v }))]) {
      const { coerced, errors } = getVariableValues(schema, definitions, given);
      const quick = coerce(given);
      if (errors !== undefined) expect({ given, quick }).toEqual({ given, quick: undefined });
      if (quick !== undefined) expect({ given, quick: { ...quick } }).toStrictEqual({ given, quick: { ...coerced } });
    }
  });

  it.each([
    ['($from: Int!)', { from: 7 }],
    ['($ids: [ID!]!, $name: String)', { ids: [1, 'x'] }],
    ['($representations: [Any!]!)', { representations: [{ id: '1' }] }],
    ['', { unknown: 1 }],
  ])('are those of %s', (text, given) => {
    const definitions = definitionsOf(text);
    const { coerced } = getVariableValues(schema, definitions, given);
    expect({ ...prepareCoercion(schema, definitions)(given) }).toStrictEqual({ ...coerced });
  });
});
