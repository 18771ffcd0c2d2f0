import type { GraphQLError } from 'graphql';
import type { Identity } from '../authentication/authenticate.js';
import type { Permission } from '../authorization/authorization.js';
import type { SupergraphGeneration } from '../supergraph/generation.js';
import type { FoundDocument } from '../policy/find-document.js';
import type { OperationPolicy } from '../policy/operation-policy.js';
import { checkVariables } from './check-variables.js';
import type { ParsedOperation } from './operation-store.js';
import { renamedVariables } from './variable-names.js';

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
  /** Of a trusted document. */
  readonly documentId?: string | undefined;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

/** What decides about an operation beside the supergraph. */
export interface AcceptanceOptions {
  readonly policy: OperationPolicy;
  readonly identity: Identity;
}

/**
 * Finds, parses, checks and validates what a client asks for, against the supergraph of this moment; the same for every door. Answers at
 * once, but when a document has to be looked for elsewhere.
 */
export function acceptOperation(
  generation: SupergraphGeneration,
  payload: OperationPayload,
  options: AcceptanceOptions,
): Acceptance | Promise<Acceptance> {
  const found = options.policy.find(payload);
  return found instanceof Promise
    ? found.then((each) => acceptDocument(generation, payload, { ...options, found: each }))
    : acceptDocument(generation, payload, { ...options, found });
}

function acceptDocument(
  generation: SupergraphGeneration,
  payload: OperationPayload,
  { policy, identity, found }: AcceptanceOptions & { readonly found: FoundDocument },
): Acceptance | Promise<Acceptance> {
  if (found.kind === 'refused') return found;
  const parsed = generation.operations.parse(found.text, payload.operationName ?? undefined, policy.limits);
  if (parsed.kind === 'refused') return parsed;
  const { operation } = parsed;
  const variables = renamedVariables(payload.variables ?? {}, operation.variableNames);
  const refusals = policy.check({ generation, operation, identity, variables });
  if (refusals.length > 0) return refuse(refusals);
  const problems = operation.validate();
  if (problems.length > 0) return refuse(policy.shown(problems));
  const misfits = checkVariables(generation.schema, operation, variables);
  if (misfits.length > 0) return refuse(policy.shown(misfits));
  if (found.register !== undefined) policy.register(found.register, found.text);
  const accept = (permission: Permission): Acceptance => {
    if (permission.kind === 'refused') return refuse(permission.errors);
    const excess = policy.checkPlan(permission.operation.plan());
    if (excess.length > 0) return refuse(excess);
    return { kind: 'accepted', operation: { generation, operation: permission.operation, variables } };
  };
  const permission = generation.authorization?.permit(operation, identity.viewer) ?? { kind: 'permitted', operation };
  return permission instanceof Promise ? permission.then(accept) : accept(permission);
}

/** The same operation on the supergraph that replaces its own, by the same rules as at first. It is not counted to its caller again. */
export function acceptAgain(
  { operation, variables }: AcceptedOperation,
  generation: SupergraphGeneration,
  { policy, identity }: AcceptanceOptions,
): Acceptance | Promise<Acceptance> {
  return acceptDocument(
    generation,
    { operationName: operation.operationName, variables },
    {
      policy: { ...policy, check: (input) => policy.check({ ...input, wasCounted: true }) },
      identity,
      found: { kind: 'found', text: operation.source },
    },
  );
}

function refuse(errors: readonly GraphQLError[]): Acceptance {
  return { kind: 'refused', errors };
}
