import { getVariableValues, GraphQLError, type GraphQLSchema, type OperationDefinitionNode } from 'graphql';
import { areFinite } from './finite-numbers.js';

/** Of a list of a thousand wrong entries, so many are told. */
const maximumErrors = 20;

/** Which variables do not fit the definitions of a validated operation; empty when all do. */
export function checkVariables(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): readonly GraphQLError[] {
  if (variableDefinitions.length === 0) return [];
  if (!areFinite(variables)) return [badInput('A number in the variables is too large.')];
  const { errors = [] } = getVariableValues(schema, variableDefinitions, variables, { maxErrors: maximumErrors });
  return errors.map(({ message, nodes }) => badInput(message, nodes));
}

function badInput(message: string, nodes?: GraphQLError['nodes']): GraphQLError {
  return new GraphQLError(message, { nodes: nodes ?? null, extensions: { code: 'BAD_USER_INPUT' } });
}
