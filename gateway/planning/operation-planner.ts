import { operationFromDocument, type Schema, type Supergraph } from '@apollo/federation-internals';
import { QueryPlanner, type QueryPlan } from '@apollo/query-planner';
import { Kind, type DocumentNode, type FieldNode, type GraphQLError, type GraphQLSchema, type OperationDefinitionNode } from 'graphql';
import { readDeferConditions, withoutDefer, type DeferringDocument } from './deferred-fragments.js';
import { AppError } from '../../shared/errors/app-error.js';
import { awaitContexts } from './awaited-contexts.js';
import { toClientShape, withTypenames, type ToClient } from './client-shape.js';
import { aliasContexts } from './context-selections.js';
import { readContextualFields } from './contextual-fields.js';
import { liftInterfaceFields } from './interface-fields.js';
import { readLaterFetches, type LaterFetches } from './later-fetches.js';
import { withoutLiteralConditions } from './literal-conditions.js';
import { mendMerges } from './mended-merges.js';
import { mendPathTrees } from './mended-path-trees.js';
import { withoutNamedFragments } from './named-fragments.js';
import { keepPartialTypes } from './partial-types.js';
import { firstCondition, planByConditions, usesContexts } from './plan-by-conditions.js';
import { namePlannedFields, renameFields } from './planned-names.js';
import { queryGraphOf, type QueryGraph } from './query-graph.js';
import { restoreRequiredInputs } from './required-inputs.js';
import { aliasRequirements } from './requirements.js';
import { checkFoundations } from './unfounded-fetches.js';
import { tellSettersApart } from './setters-apart.js';
import { asksSubgraphs, findUnreachable, UnreachableFieldsError } from './unreachable-fields.js';
import { forgetUnresolvableKeys } from './unresolvable-keys.js';
import { withoutIntrospection } from './without-introspection.js';

export interface PlannedOperation extends QueryPlan {
  /** What was planned and gives the shape of the plan's answer: nearly always the client's own document. */
  readonly document: DocumentNode;
  /** Makes the client's answer out of it; undefined when it is that already. */
  readonly toClient: ToClient | undefined;
  /** Undefined when nothing of it can come later than the rest. */
  readonly inParts: PlanInParts | undefined;
}

/** The plan of an operation whose deferred fragments come later than the rest. */
export interface PlannedInParts extends DeferringDocument, LaterFetches {
  /** With everything. */
  readonly plan: QueryPlan;
}

/** For a client that takes its answer in parts; undefined when all of it comes at once with these variables. */
export type PlanInParts = (variables: Readonly<Record<string, unknown>>) => PlannedInParts | undefined;

/** Requests of one operation that defer different fragments have so many plans; what others defer comes at once. */
const keptDeferring = 32;

export interface PlanInput {
  /** A valid document. */
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  /** Labels of progressive `@override`s that count for this request. */
  readonly activeLabels?: ReadonlySet<string>;
  /** What the client wrote, when `document` is that without some fields: they are null in the answer, with the reason among the errors. */
  readonly client?: { readonly document: DocumentNode; whyWithheld(field: FieldNode): GraphQLError | undefined };
}

export interface OperationPlanner {
  /** Throws `UnreachableFieldsError` rather than giving an empty plan to an operation that asks for something. */
  plan(input: PlanInput): PlannedOperation;
  /** Labels of progressive `@override`s in the supergraph. */
  readonly overrideLabels: readonly string[];
}

const none: ReadonlySet<string> = new Set();

type Attempt = { readonly kind: 'planned'; readonly plan: QueryPlan } | { readonly kind: 'failed'; readonly cause: unknown };

/** `@apollo/query-planner` without its faults: see docs/adr/0019. */
export function createOperationPlanner(supergraph: Supergraph, apiSchema: Schema, schema: GraphQLSchema): OperationPlanner {
  const planner = new QueryPlanner(supergraph, { incrementalDelivery: { enableDefer: true } });
  const graph = queryGraphOf(planner);
  const buildPlan = keepPartialTypes(graph, mendMerges(planner));
  forgetUnresolvableKeys(graph);
  const requirements = aliasRequirements(graph);
  const contextSelections = aliasContexts(graph);
  const contextual = readContextualFields(graph);
  const reservedNames = new Set([...requirements.responseNames, ...contextSelections.responseNames]);
  const isContextual = contextual.variables.size > 0;
  if (isContextual) mendPathTrees();

  function planNode(written: DocumentNode, operationName: string | undefined, activeLabels: ReadonlySet<string>): QueryPlan {
    const document = withoutIntrospection(withoutLiteralConditions(written));
    const operation = operationFromDocument(
      apiSchema,
      isContextual ? tellSettersApart(document, operationName, { schema, contextual }) : document,
      operationName === undefined ? {} : { operationName },
    );
    return buildPlan(operation, { overrideConditions: new Map([...activeLabels].map((label) => [label, true])) });
  }

  function finish(planned: QueryPlan): QueryPlan {
    const restored = restoreRequiredInputs(planned, requirements);
    const plan = isContextual ? awaitContexts(restored, { graph, locate: contextSelections.locate }) : restored;
    checkFoundations(plan, { graph, requirements, contextual });
    return plan;
  }

  function planOnce(document: DocumentNode, operationName: string | undefined, activeLabels: ReadonlySet<string>): QueryPlan {
    const plan = planNode(document, operationName, activeLabels);
    if (plan.node === undefined && asksSubgraphs(withoutNamedFragments(document, operationName))) throw new UnreachableFieldsError([]);
    return finish(plan);
  }

  /** Where there is no way, the planner gives an empty plan or throws. */
  function tryPlan(document: DocumentNode, operationName: string | undefined, activeLabels: ReadonlySet<string>): Attempt {
    try {
      return { kind: 'planned', plan: planOnce(document, operationName, activeLabels) };
    } catch (cause) {
      return { kind: 'failed', cause };
    }
  }

  /** With several conditions the planner may find no way though there is one, or fetch contexts under the conditions of other fields. */
  function tryByConditions({ document, operationName, activeLabels = none }: PlanInput): Attempt {
    const attempt = tryPlan(document, operationName, activeLabels);
    if (firstCondition(document) === undefined) return attempt;
    if (attempt.kind === 'planned' && !usesContexts(attempt.plan)) return attempt;
    try {
      const plan = planByConditions(document, (each) => planOnce(each, operationName, activeLabels));
      if (plan !== undefined) return { kind: 'planned', plan };
    } catch (cause) {
      return { kind: 'failed', cause };
    }
    return attempt.kind === 'failed' ? attempt : { kind: 'failed', cause: tooManyConditions() };
  }

  function planDocument(input: PlanInput): QueryPlan {
    const { document, operationName, activeLabels = none } = input;
    if (isContextual) checkVariables(withoutNamedFragments(document, operationName), contextual.variables);
    const attempt = tryByConditions(input);
    if (attempt.kind === 'planned') return attempt.plan;
    if (attempt.cause instanceof AppError && !(attempt.cause instanceof UnreachableFieldsError)) throw attempt.cause;
    const error = findUnreachable(document, operationName, (operation) => {
      const alone: DocumentNode = { kind: Kind.DOCUMENT, definitions: [operation] };
      return tryPlan(alone, operationName, activeLabels).kind === 'planned';
    });
    // Nothing of it is at fault alone: then it is the planner.
    if (error.fields.length === 0 && attempt.cause instanceof Error) throw attempt.cause;
    throw error;
  }

  /** What the planner cannot defer, or not right, is not. */
  function planParts(deferring: DeferringDocument, { operationName, activeLabels = none }: PlanInput): PlannedInParts | undefined {
    try {
      const plan = finish(planNode(deferring.document, operationName, activeLabels));
      if (usesContexts(plan) && firstCondition(deferring.document) !== undefined) return undefined;
      const fetches = plan.node?.kind === 'Defer' ? readLaterFetches(plan.node) : undefined;
      return fetches === undefined || fetches.later.size === 0 ? undefined : { ...deferring, ...fetches, plan };
    } catch {
      return undefined;
    }
  }

  function prepareParts(input: PlanInput): PlanInParts {
    const conditions = readDeferConditions(input.document, input.operationName);
    const known = new Map<string, PlannedInParts | undefined>();
    return (variables) => {
      const key = conditions.key(variables);
      if (known.has(key) || known.size >= keptDeferring) return known.get(key);
      const deferring = conditions.resolve(variables);
      const planned = deferring && planParts(deferring, input);
      known.set(key, planned);
      return planned;
    };
  }

  return {
    overrideLabels: overrideLabelsOf(graph),
    plan(given) {
      const document = withoutDefer(given.document);
      const input = { ...given, document };
      const { operationName, client = { document, whyWithheld: () => undefined } } = input;
      const lifted = liftInterfaceFields(schema, input, requirements.isRequiringForInterface);
      const reserved = new Set([...reservedNames, ...(lifted?.clientNames.keys() ?? [])]);
      const names = namePlannedFields(schema, { document, operationName }, reserved);
      if (names.clientNames.size === 0 && lifted === undefined && document === client.document) {
        const inParts = document === given.document ? undefined : prepareParts(given);
        return { ...planDocument(input), document, toClient: undefined, inParts };
      }
      const planned = withTypenames(schema, renameFields(lifted?.document ?? document, names));
      const clientNames = new Map([...names.clientNames, ...(lifted?.clientNames ?? [])]);
      return {
        ...planDocument({ ...input, document: planned.document }),
        document: planned.document,
        inParts: undefined,
        toClient: (result, variables) =>
          toClientShape(result, {
            ...client,
            schema,
            operationName,
            variables,
            typenameKey: planned.typenameKey,
            plannedName: (field, parent) => lifted?.nameOf(parent, field) ?? names.of(field),
            clientNames,
            isLifted: (key) => lifted?.clientNames.has(key) === true,
          }),
      };
    },
  };
}

function checkVariables({ variableDefinitions = [] }: OperationDefinitionNode, taken: ReadonlySet<string>): void {
  const clashing = variableDefinitions.find(({ variable }) => taken.has(variable.name.value));
  if (clashing === undefined) return;
  throw new AppError('BAD_USER_INPUT', `"$${clashing.variable.name.value}" is the name of a variable of the gateway: choose another.`);
}

function tooManyConditions(): AppError {
  return new AppError('UNAVAILABLE', 'The gateway finds no right way to answer this with so many conditions.');
}

function overrideLabelsOf(graph: QueryGraph): readonly string[] {
  const edges = [...graph.allVertices()].flatMap((vertex) => graph.outEdges(vertex, true));
  return [...new Set(edges.flatMap(({ overrideCondition }) => (overrideCondition === undefined ? [] : [overrideCondition.label])))];
}
