import { getVariableValues, GraphQLError, type GraphQLSchema } from 'graphql';
import { areFinite } from '../operations/finite-numbers.js';
import type { GatewayRequestContext, GatewayResult } from './supergraph.js';

/** A result that says which variables do not fit the operation, or that there is no such operation; undefined when all is well. */
export function refuseVariables(
  schema: GraphQLSchema,
  { operation, request }: { operation: GatewayRequestContext['operation'] | undefined; request: GatewayRequestContext['request'] },
): { errors: GraphQLError[] } | undefined {
  // Apollo Server calls the executor without an operation, whatever the types say, when the document has none of the asked name.
  if (operation === undefined) {
    const { operationName } = request;
    const message = operationName ? `Unknown operation named "${operationName}".` : 'The document has several operations: name one.';
    return { errors: [new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } })] };
  }
  if (!areFinite(request.variables)) {
    return { errors: [new GraphQLError('A number in the variables is too large.', { extensions: { code: 'BAD_USER_INPUT' } })] };
  }
  const { errors } = getVariableValues(schema, operation.variableDefinitions ?? [], request.variables ?? {}, { maxErrors: 20 });
  if (errors === undefined) return undefined;
  return {
    errors: errors.map(({ message, nodes }) => new GraphQLError(message, { nodes: nodes ?? null, extensions: { code: 'BAD_USER_INPUT' } })),
  };
}

/**
 * Apollo's executor tells of nulls in non-null places in `extensions` alone, where no client looks for them; the specification wants them
 * in `errors`.
 */
export function reportNullViolations(result: GatewayResult): GatewayResult {
  const violations: unknown = result.extensions?.valueCompletion;
  if (!Array.isArray(violations)) return result;
  const errors = violations.filter((violation) => violation instanceof GraphQLError);
  return { data: result.data ?? null, errors: [...(result.errors ?? []), ...errors] };
}
