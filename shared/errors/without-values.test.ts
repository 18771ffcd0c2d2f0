import { describe, expect, it } from '@jest/globals';
import { buildSchema, getVariableValues, GraphQLError, Kind, parse, validate } from 'graphql';
import { withoutValues } from './without-values.js';

const schema = buildSchema(`
  scalar Moment
  enum Colour { RED GREEN }
  input Login { identifier: String!, password: String!, tries: Int, colour: Colour, at: Moment, codes: [String!] }
  type Query { login(input: Login!): String, look(first: Int): String }
`);
const secret = 'hunter2 at "home"; Expected';

function messagesOfVariables(input: unknown): string[] {
  const [operation] = parse('query ($input: Login!) { login(input: $input) }').definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no operation');
  const { errors = [] } = getVariableValues(schema, operation.variableDefinitions ?? [], { input });
  return errors.map(({ message }) => withoutValues(message));
}

function messagesOf(source: string): string[] {
  try {
    return validate(schema, parse(source)).map(({ message }) => withoutValues(message));
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return [withoutValues(error.message)];
  }
}

const good = { identifier: 'ada', password: secret };

describe('What graphql says of a value', () => {
  it.each([
    [secret, 'Variable "$input" got an invalid value. Expected type "Login" to be an object.'],
    [
      { ...good, password: { is: secret } },
      'Variable "$input" got an invalid value at "input.password". Expected a value of type "String".',
    ],
    [
      { ...good, password: null },
      'Variable "$input" got an invalid value at "input.password". Expected non-nullable type "String!" not to be null.',
    ],
    [{ password: secret }, 'Variable "$input" got an invalid value. Field "identifier" of required type "String!" was not provided.'],
    [{ ...good, bogus: 1 }, 'Variable "$input" got an invalid value. Field "bogus" is not defined by type "Login".'],
    [{ ...good, trie: 1 }, 'Variable "$input" got an invalid value. Field "trie" is not defined by type "Login".'],
    [{ ...good, tries: secret }, 'Variable "$input" got an invalid value at "input.tries". Expected a value of type "Int".'],
    [{ ...good, tries: 1.5 }, 'Variable "$input" got an invalid value at "input.tries". Expected a value of type "Int".'],
    [{ ...good, colour: 'RAD' }, 'Variable "$input" got an invalid value at "input.colour". Expected a value of the enum "Colour".'],
    [{ ...good, colour: 7 }, 'Variable "$input" got an invalid value at "input.colour". Expected a value of the enum "Colour".'],
    [{ ...good, codes: ['a', [secret]] }, 'Variable "$input" got an invalid value at "input.codes[1]". Expected a value of type "String".'],
  ])('SECURITY 52: of the variable %j tells where and what is expected', (input, message) => {
    expect(messagesOfVariables(input)).toEqual([message]);
  });

  it.each([
    ['{ login(input: "hunter2") }', 'Expected a value of type "Login!".'],
    ['{ login(input: { identifier: "a", password: hunter2 }) }', 'Expected a value of type "String".'],
    ['{ login(input: { identifier: "a", password: "b", colour: "hunter2" }) }', 'Expected a value of the enum "Colour".'],
    ['{ login(input: { identifier: "a", password: "b", colour: hunter2 }) }', 'Expected a value of the enum "Colour".'],
    ['{ look(first: "hunter2") }', 'Expected a value of type "Int".'],
    ['{ look("hunter2") }', 'Syntax Error: Expected Name, found String.'],
    ['{ look("""hunter2""") }', 'Syntax Error: Expected Name, found BlockString.'],
    ['{ look(first: 1) } 1234567', 'Syntax Error: Unexpected Int.'],
  ])('SECURITY 52: of the literal in %s tells what is expected', (source, message) => {
    const messages = messagesOf(source);
    expect(messages).toEqual([message]);
    expect(JSON.stringify(messages)).not.toContain('hunter2');
  });

  it.each([
    'Cannot query field "nme" on type "User". Did you mean "name"?',
    'Variable "$input" of required type "Login!" was not provided.',
    'Syntax Error: Expected Name, found "}".',
    '"first" must be from 1 to 100; it was 0.',
  ])('of something else stays: %s', (message) => {
    expect(withoutValues(message)).toBe(message);
  });
});
