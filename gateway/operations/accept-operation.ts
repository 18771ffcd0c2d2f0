import type { DocumentNode, GraphQLError, GraphQLSchema } from 'graphql';
import type { SupergraphGeneration } from '../execution/generation.js';
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

/** Parses, checks and validates what a client sent, against the supergraph of this moment. */
export function acceptOperation(
  generation: SupergraphGeneration,
  payload: {
    readonly query: string;
    readonly operationName?: string | null | undefined;
    readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  },
  checkOperation: CheckOperation,
): Acceptance {
  const operationName = payload.operationName ?? undefined;
  const variables = payload.variables ?? {};
  const parsed = generation.operations.parse(payload.query, operationName);
  if (parsed.kind === 'refused') return parsed;
  const { operation } = parsed;
  const refusals = checkOperation({ schema: generation.schema, document: operation.document, operationName, variables });
  if (refusals.length > 0) return { kind: 'refused', errors: refusals };
  const problems = operation.validate();
  if (problems.length > 0) return { kind: 'refused', errors: problems };
  return { kind: 'accepted', operation: { generation, operation, variables } };
}
