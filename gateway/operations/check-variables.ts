import { getVariableValues, GraphQLError, type GraphQLSchema } from 'graphql';
import { areFinite } from './finite-numbers.js';
import type { ParsedOperation } from './operation-store.js';

/** Of a list of a thousand wrong entries, so many are told. */
const maximumErrors = 20;

/** Which variables do not fit the definitions of a validated operation; empty when all do. */
export function checkVariables(
  schema: GraphQLSchema,
  { operation, fits }: Pick<ParsedOperation, 'operation' | 'fits'>,
  variables: Readonly<Record<string, unknown>>,
): readonly GraphQLError[] {
  const { variableDefinitions = [] } = operation;
  if (variableDefinitions.length === 0 || fits(variables)) return [];
  if (!areFinite(variables)) return [badInput('A number in the variables is too large.')];
  const { errors = [] } = getVariableValues(schema, variableDefinitions, variables, { maxErrors: maximumErrors });
  return errors.map(({ message, nodes }) => badInput(message, nodes));
}

function badInput(message: string, nodes?: GraphQLError['nodes']): GraphQLError {
  return new GraphQLError(message, { nodes: nodes ?? null, extensions: { code: 'BAD_USER_INPUT' } });
}
