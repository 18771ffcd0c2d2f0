import { describe, expect, it } from '@jest/globals';
import { buildSchema, Kind, parse, type OperationDefinitionNode } from 'graphql';
import { checkVariables } from './check-variables.js';
import { prepareFittingVariables } from './fitting-variables.js';

const schema = buildSchema(`
  type Query { find(by: By, tags: [String!], kind: Kind, any: Any): Int }
  input By { id: ID! name: String near: By }
  enum Kind { A B }
  scalar Any`);

function check(definitions: string, variables: Readonly<Record<string, unknown>>): string[] {
  const operation = parse(`query (${definitions}) { __typename }`).definitions.find(
    (each): each is OperationDefinitionNode => each.kind === Kind.OPERATION_DEFINITION,
  );
  if (operation === undefined) throw new Error('no operation');
  return checkVariables(schema, { operation, fits: prepareFittingVariables(schema, operation) }, variables).map(({ message }) => message);
}

describe('Variables that do not fit', () => {
  it.each([
    ['$by: By!', {}, 'Variable "$by" of required type "By!" was not provided.'],
    ['$by: By!', { by: null }, 'Variable "$by" got an invalid value. Expected non-nullable type "By!" not to be null.'],
    ['$by: By', { by: 'x' }, 'Variable "$by" got an invalid value. Expected type "By" to be an object.'],
    ['$by: By', { by: {} }, 'Variable "$by" got an invalid value. Field "id" of required type "ID!" was not provided.'],
    ['$by: By', { by: { id: 1, naem: 2 } }, 'Variable "$by" got an invalid value. Field "naem" is not defined by type "By".'],
    ['$by: By', { by: { id: 1, near: { id: {} } } }, 'Variable "$by" got an invalid value at "by.near.id". Expected a value of type "ID".'],
    ['$tags: [String!]', { tags: ['a', 1] }, 'Variable "$tags" got an invalid value at "tags[1]". Expected a value of type "String".'],
    ['$kind: Kind', { kind: 'C' }, 'Variable "$kind" got an invalid value. Expected a value of the enum "Kind".'],
    ['$any: Any', { any: { n: Number.POSITIVE_INFINITY } }, 'A number in the variables is too large.'],
  ])('%s: %j is told by its place, without the value', (definitions, variables, message) => {
    expect(check(definitions, variables)).toEqual([message]);
  });

  it('are none when a default stands in, a list has one entry without brackets, or a scalar takes anything', () => {
    expect(check('$by: By = { id: 1 } $tags: [String!] $any: Any', { tags: 'one', any: { n: 1 } })).toEqual([]);
  });

  it('are told to the twentieth, and then that there are more', () => {
    const more = 'There are more variables that do not fit; these are the first ones.';
    expect(check('$tags: [String!]', { tags: Array(20).fill(1) })).toHaveLength(20);
    expect(check('$tags: [String!]', { tags: Array(20).fill(1) })).not.toContain(more);
    expect(check('$tags: [String!]', { tags: Array(21).fill(1) }).slice(20)).toEqual([more]);
    expect(check('$tags: [String!] $kind: Kind', { tags: Array(20).fill(1), kind: 'C' }).slice(20)).toEqual([more]);
  });

  it('SECURITY 43: are not repeated in the messages, however many they are', () => {
    const by = { id: 1, ...Object.fromEntries(Array.from({ length: 80_000 }, (_, n) => [`k${n}`, n])) };
    expect(check('$by: By', { by }).join('').length).toBeLessThan(2_000);
  });
});
