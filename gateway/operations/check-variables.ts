import {
  coerceInputValue,
  GraphQLError,
  isInputType,
  isNonNullType,
  typeFromAST,
  type GraphQLSchema,
  type VariableDefinitionNode,
} from 'graphql';
import { describeMisfit } from '../../shared/errors/without-values.js';
import { areFinite } from './finite-numbers.js';
import type { ParsedOperation } from './operation-store.js';

/** Of a list of a thousand wrong entries, so many are told. */
const maximumErrors = 20;

type Variables = Readonly<Record<string, unknown>>;

/** Which variables do not fit the definitions of a validated operation; empty when all do. */
export function checkVariables(
  schema: GraphQLSchema,
  { operation, fits }: Pick<ParsedOperation, 'operation' | 'fits'>,
  variables: Variables,
): readonly GraphQLError[] {
  const { variableDefinitions = [] } = operation;
  if (variableDefinitions.length === 0 || fits(variables)) return [];
  if (!areFinite(variables)) return [badInput('A number in the variables is too large.')];
  const errors: GraphQLError[] = [];
  for (const definition of variableDefinitions) {
    for (const message of misfits(schema, definition, variables)) {
      if (errors.length === maximumErrors)
        return [...errors, badInput('There are more variables that do not fit; these are the first ones.')];
      errors.push(badInput(message, definition));
    }
  }
  return errors;
}

/**
 * As graphql's `getVariableValues`, which writes the whole value into each of its messages: a megabyte of wrong fields kept the process busy
 * for seconds.
 */
function misfits(schema: GraphQLSchema, { variable, type: node, defaultValue }: VariableDefinitionNode, variables: Variables): string[] {
  const name = variable.name.value;
  const type = typeFromAST(schema, node);
  if (!isInputType(type)) return [`Variable "$${name}" must have an input type.`];
  if (!Object.hasOwn(variables, name)) {
    return isNonNullType(type) && defaultValue === undefined
      ? [`Variable "$${name}" of required type "${String(type)}" was not provided.`]
      : [];
  }
  const messages: string[] = [];
  const enough = new Error('No more are told');
  try {
    coerceInputValue(variables[name], type, (path, _value, { message }) => {
      const place =
        path.length === 0 ? undefined : `${name}${path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('')}`;
      if (messages.push(describeMisfit(name, place, message)) > maximumErrors) throw enough;
    });
  } catch (error) {
    if (error !== enough) throw error;
  }
  return messages;
}

function badInput(message: string, node?: VariableDefinitionNode): GraphQLError {
  return new GraphQLError(message, { nodes: node ?? null, extensions: { code: 'BAD_USER_INPUT' } });
}
