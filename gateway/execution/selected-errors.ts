import type { PlanNode, QueryPlanSelectionNode } from '@apollo/query-planner';
import {
  getNamedType,
  GraphQLError,
  isInterfaceType,
  isObjectType,
  type DocumentNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';
import type { BooleanVariables } from '../../shared/graphql/documents/boolean-variables.js';
import type { ExecutionState } from './execution-state.js';
import { lazily } from './fetch-parts.js';
import { isJsonObject, readOwn, type JsonObject } from '../../shared/json/json-object.js';
import type { ResponsePath } from './places.js';
import { fragmentsOf } from '../../shared/graphql/documents/fragments-of.js';
import { collectPresent, type CollectScope } from './shaping/collect-present.js';

/** A selection on an object of the data. */
export interface SelectedPlace {
  readonly object: JsonObject;
  /** As far as the selection says it. */
  readonly type: GraphQLNamedType;
  readonly selectionSet: SelectionSetNode;
  /** Of the object. */
  readonly path: ResponsePath;
}

/** Which errors of subgraphs a client is told. */
export interface ErrorSelection {
  /** Of errors that are about what was selected there, or about nothing in particular. */
  readonly select: (
    errors: readonly GraphQLError[],
    place: SelectedPlace,
    variables: ExecutionState['variables'],
  ) => readonly GraphQLError[];
  /** Whether something is not there that is selected. */
  readonly isMissingAny: (place: SelectedPlace, variables: ExecutionState['variables']) => boolean;
}

export interface ErrorSelectionParts {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  /** What asks for it. */
  readonly node: PlanNode | undefined;
  readonly booleans: BooleanVariables;
  readonly deferred?: ReadonlySet<string> | undefined;
}

/**
 * Leaves out errors of what the client did not select: the planner asks for more than that where conditions or types meet. What a
 * `@requires` needed is selected by nobody either, but what was made of it may be wrong; and a subgraph may have nulled an object for the
 * sake of such a field. These errors are told where they are felt, without the names on the way to them.
 */
export function createErrorSelection({ schema, document, node, booleans, deferred }: ErrorSelectionParts): ErrorSelection {
  // Most operations never need them.
  const required = lazily(() => requiredKeys(node));
  const fragments = lazily(() => fragmentsOf(document));
  const isRequired = (key: string | number) => typeof key === 'string' && required().has(key);
  const scopeOf = (variables: ExecutionState['variables']): CollectScope => ({
    schema,
    fragments: fragments(),
    isTrue: (name) => booleans.isTrue(variables, name),
    deferred,
  });

  return {
    select(errors, place, variables) {
      if (errors.length === 0) return errors;
      const scope = scopeOf(variables);
      return errors.flatMap((error) => {
        const { path } = error;
        const unselected = path && findUnselected(scope, path.slice(place.path.length), place);
        if (path === undefined || unselected === undefined) return [error];
        const at = place.path.length + unselected.at;
        if (!unselected.isFelt && !path.slice(at).some(isRequired)) return [];
        return [new GraphQLError(error.message, { path: path.slice(0, at), extensions: error.extensions })];
      });
    },
    isMissingAny({ object, type, selectionSet }, variables) {
      const scope = scopeOf(variables);
      const runtime = runtimeType(scope, type, object);
      return (isObjectType(runtime) || isInterfaceType(runtime)) && isMissingAny(object, collectPresent(scope, runtime, [selectionSet]));
    },
  };
}

/** The first step of the path that is not selected; `isFelt` when something that is selected beside it is not there. */
function findUnselected(
  scope: CollectScope,
  path: ResponsePath,
  { object: start, type: root, selectionSet }: SelectedPlace,
): { readonly at: number; readonly isFelt: boolean } | undefined {
  let value: unknown = start;
  let declared: GraphQLNamedType = root;
  let selectionSets: readonly SelectionSetNode[] = [selectionSet];
  for (const [at, key] of path.entries()) {
    if (typeof key === 'number') {
      value = Array.isArray(value) ? value[key] : undefined;
      continue;
    }
    const object = isJsonObject(value) ? value : undefined;
    const type = runtimeType(scope, declared, object);
    // What it was is not known, as nothing is there: nothing is known against the error.
    if (!isObjectType(type) && !isInterfaceType(type)) return undefined;
    const fields = collectPresent(scope, type, selectionSets);
    const nodes = fields.get(key);
    if (nodes === undefined) return { at, isFelt: object === undefined || isMissingAny(object, fields) };
    const field = type.getFields()[nodes[0].name.value];
    if (field === undefined) return undefined;
    declared = getNamedType(field.type);
    selectionSets = nodes.flatMap((node) => node.selectionSet ?? []);
    value = object === undefined ? undefined : readOwn(object, key);
  }
  return undefined;
}

function isMissingAny(object: JsonObject, fields: ReturnType<typeof collectPresent>): boolean {
  return [...fields].some(([key, [{ name }]]) => name.value !== '__typename' && readOwn(object, key) === undefined);
}

function runtimeType({ schema }: CollectScope, declared: GraphQLNamedType, object: JsonObject | undefined): GraphQLNamedType | undefined {
  if (isObjectType(declared)) return declared;
  const name = object === undefined ? undefined : readOwn(object, '__typename');
  return typeof name === 'string' ? schema.getType(name) : undefined;
}

/** Keys of whatever the plan sends to subgraphs of entities, and of what contains them. */
function requiredKeys(node: PlanNode | undefined): ReadonlySet<string> {
  const keys = new Set<string>();
  if (node !== undefined) addKeys(node);
  return keys;

  function addKeys(each: PlanNode): void {
    switch (each.kind) {
      case 'Fetch':
        addSelections(each.requires ?? []);
        for (const { path } of each.contextRewrites ?? []) for (const key of path) keys.add(key);
        return;
      case 'Flatten':
        addKeys(each.node);
        return;
      case 'Sequence':
      case 'Parallel':
        each.nodes.forEach(addKeys);
        return;
      case 'Condition':
        for (const clause of [each.ifClause, each.elseClause]) if (clause !== undefined) addKeys(clause);
        return;
      case 'Defer':
    }
  }

  function addSelections(selections: readonly QueryPlanSelectionNode[]): void {
    for (const selection of selections) {
      if (selection.kind === 'Field') keys.add(selection.alias ?? selection.name);
      addSelections(selection.selections ?? []);
    }
  }
}
