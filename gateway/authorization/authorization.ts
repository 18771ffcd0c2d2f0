import type { FieldNode, GraphQLError, GraphQLSchema } from 'graphql';
import type { Viewer } from '../../shared/auth/viewer.js';
import type { ParsedOperation } from '../operations/operation-store.js';
import type { OperationPlanner } from '../planning/operation-planner.js';
import { rememberRunnables } from '../planning/runnable-operation.js';
import { typedFields, type TypedField } from '../planning/typed-fields.js';
import type { Protection } from './protection.js';
import { meets, type Requirement } from './requirement.js';
import { withheldError, withoutFields } from './withheld-fields.js';

/** Which of the named policies of `@policy` the viewer (null when anonymous) fulfils; what it does not give back, they do not. */
export type AskPolicies = (viewer: Viewer | null, names: readonly string[]) => ReadonlySet<string> | Promise<ReadonlySet<string>>;

/** Lets people run of operations what they may see. */
export interface Authorization {
  /**
   * What may be run of a valid operation: mostly itself; else one without the protected fields, which are null in its answer, each with
   * an error `UNAUTHENTICATED` or `FORBIDDEN`, in each event of a subscription. One whose root field is protected is refused.
   */
  permit(operation: ParsedOperation, viewer: Viewer | null): Permission | Promise<Permission>;
  /** Whether some may see more of it than others. */
  isProtected(operation: ParsedOperation): boolean;
}

export type Permission =
  | { readonly kind: 'permitted'; readonly operation: ParsedOperation }
  | { readonly kind: 'refused'; readonly errors: readonly GraphQLError[] };

interface ProtectedField extends TypedField {
  readonly requirements: readonly Requirement[];
}

interface ProtectedOperation {
  readonly fields: readonly ProtectedField[];
  readonly requirements: readonly Requirement[];
  /** Names of policies in `requirements`. */
  readonly policies: readonly string[];
  /** What is left of it, by what is not met. */
  readonly restricted: Map<string, ParsedOperation>;
}

/** Callers of one operation who differ in what they may see get so many versions of it. */
const capacity = 64;
const noPolicies: ReadonlySet<string> = new Set();

export function createAuthorization(options: {
  readonly schema: GraphQLSchema;
  readonly planner: OperationPlanner;
  readonly protection: Protection;
  /** By default those that the viewer's token lists. */
  readonly policies?: AskPolicies | undefined;
}): Authorization {
  const { schema, planner, protection, policies: askPolicies = policiesOfToken } = options;
  const operations = new WeakMap<ParsedOperation, ProtectedOperation>();

  function readOperation(operation: ParsedOperation): ProtectedOperation {
    const known = operations.get(operation);
    if (known !== undefined) return known;
    const fields = typedFields(schema, operation.document).flatMap((each): ProtectedField[] => {
      const requirements = protection.requirementsOf(each.parent.name, each.field.name.value);
      return requirements.length === 0 ? [] : [{ ...each, requirements }];
    });
    const requirements = [...new Map(fields.flatMap((each) => each.requirements.map((one) => [one.id, one]))).values()];
    const policies = requirements.flatMap((each) => (each.kind === 'policies' ? each.anyOf.flat() : []));
    const read: ProtectedOperation = { fields, requirements, policies: [...new Set(policies)], restricted: new Map() };
    operations.set(operation, read);
    return read;
  }

  function permitFor(operation: ParsedOperation, viewer: Viewer | null, fulfilled: ReadonlySet<string>): Permission {
    const { fields, requirements, restricted } = readOperation(operation);
    const grants = { isAuthenticated: viewer !== null, scopes: scopesOf(viewer), policies: fulfilled };
    const unmet = new Set(requirements.filter((each) => !meets(grants, each)).map(({ id }) => id));
    if (unmet.size === 0) return { kind: 'permitted', operation };

    const isAnonymous = viewer === null;
    const withheld = new Map<FieldNode, GraphQLError>();
    for (const each of fields) {
      if (each.requirements.some(({ id }) => unmet.has(id))) withheld.set(each.field, withheldError(each, isAnonymous));
    }
    // Nothing to wait for.
    const subscribed = fields.filter(({ parent, field }) => parent === schema.getSubscriptionType() && withheld.has(field));
    if (subscribed.length > 0) return { kind: 'refused', errors: subscribed.flatMap(({ field }) => withheld.get(field) ?? []) };

    const key = `${isAnonymous ? 'anonymous' : ''}\n${[...unmet].sort().join('\n')}`;
    const known = restricted.get(key) ?? restrict(operation, withheld, planner);
    if (restricted.size >= capacity && !restricted.has(key)) restricted.delete(restricted.keys().next().value ?? '');
    restricted.set(key, known);
    return { kind: 'permitted', operation: known };
  }

  return {
    permit(operation, viewer) {
      const { requirements, policies } = readOperation(operation);
      if (requirements.length === 0) return { kind: 'permitted', operation };
      const fulfilled = policies.length === 0 ? noPolicies : askPolicies(viewer, policies);
      if (fulfilled instanceof Promise) return fulfilled.then((names) => permitFor(operation, viewer, names));
      return permitFor(operation, viewer, fulfilled);
    },
    isProtected: (operation) => readOperation(operation).requirements.length > 0,
  };
}

function policiesOfToken(viewer: Viewer | null): ReadonlySet<string> {
  return viewer?.policies === undefined ? noPolicies : new Set(viewer.policies);
}

/** Scopes of the token, and Galaxia's own roles. */
function scopesOf(viewer: Viewer | null): ReadonlySet<string> {
  return new Set(viewer === null ? [] : [...(viewer.scopes ?? []), ...viewer.roles]);
}

function restrict(operation: ParsedOperation, withheld: ReadonlyMap<FieldNode, GraphQLError>, planner: OperationPlanner): ParsedOperation {
  const { document, operationName } = operation;
  const left = withoutFields(document, (field) => withheld.has(field));
  const runnable = rememberRunnables(
    (activeLabels) =>
      planner.plan({ document: left, operationName, activeLabels, client: { document, whyWithheld: (field) => withheld.get(field) } }),
    () => restricted,
  );
  const restricted: ParsedOperation = { ...operation, plan: () => runnable().planned, runnable };
  return restricted;
}
