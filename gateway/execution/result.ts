import { getVariableValues, GraphQLError, type GraphQLSchema } from 'graphql';
import type { GatewayRequestContext, GatewayResult } from './supergraph.js';

/** A result that says which variables do not fit the operation, or undefined when all do. */
export function refuseVariables(
  schema: GraphQLSchema,
  { operation, request }: Pick<GatewayRequestContext, 'operation' | 'request'>,
): { errors: GraphQLError[] } | undefined {
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
