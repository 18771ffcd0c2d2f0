import { GraphQLError, type DocumentNode, type GraphQLSchema } from 'graphql';
import type { SupergraphGeneration } from '../execution/generation.js';
import { checkVariables } from './check-variables.js';
import type { ParsedOperation } from './operation-store.js';

/** The same policy as over HTTP (depth, cost, introspection …), asked before validation. What it gives refuses the operation. */
export type CheckOperation = (input: {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
}) => readonly GraphQLError[];

/** An operation that a client sent and that may run. */
export interface AcceptedOperation {
  readonly generation: SupergraphGeneration;
  readonly operation: ParsedOperation;
  readonly variables: Readonly<Record<string, unknown>>;
}

export type Acceptance =
  | { readonly kind: 'accepted'; readonly operation: AcceptedOperation }
  | { readonly kind: 'refused'; readonly errors: readonly GraphQLError[] };

/** What a client sent, in the right shape. */
export interface OperationPayload {
  readonly query?: string | undefined;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

/** Parses, checks and validates what a client sent, against the supergraph of this moment; the same for every door. */
export function acceptOperation(generation: SupergraphGeneration, payload: OperationPayload, checkOperation: CheckOperation): Acceptance {
  const { query } = payload;
  if (query === undefined) {
    return refuse([new GraphQLError('There is no "query" to run.', { extensions: { code: 'BAD_USER_INPUT' } })]);
  }
  const operationName = payload.operationName ?? undefined;
  const variables = payload.variables ?? {};
  const parsed = generation.operations.parse(query, operationName);
  if (parsed.kind === 'refused') return parsed;
  const { operation } = parsed;
  const refusals = checkOperation({ schema: generation.schema, document: operation.document, operationName, variables });
  if (refusals.length > 0) return refuse(refusals);
  const problems = operation.validate();
  if (problems.length > 0) return refuse(problems);
  const misfits = checkVariables(generation.schema, operation.operation, variables);
  if (misfits.length > 0) return refuse(misfits);
  return { kind: 'accepted', operation: { generation, operation, variables } };
}

function refuse(errors: readonly GraphQLError[]): Acceptance {
  return { kind: 'refused', errors };
}
