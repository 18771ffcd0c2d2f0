import { isInterfaceObjectType, type Selection, type SelectionSet } from '@apollo/federation-internals';
import type { QueryPlanSelectionNode } from '@apollo/query-planner';
import { unknownPlanner, type QueryGraph } from './query-graph.js';

/** What the planner may ask subgraphs for beside what a client asks: keys, and what `@requires` names. */
export interface Requirements {
  /** Response names that it uses for that. */
  readonly responseNames: ReadonlySet<string>;
  /** Name of the field by the alias that `aliasRequirements` gave it. */
  readonly fieldNames: ReadonlyMap<string, string>;
  /** What a field of a type needs in a subgraph. */
  requiredBy(subgraph: string, typeName: string, fieldName: string): RequiredFields;
  /** Whether an `@interfaceObject` of that name has a field that needs something. */
  readonly isRequiringForInterface: (typeName: string, fieldName: string) => boolean;
  /** Paths of fields by which entities are found in a subgraph. */
  readonly keysOf: (subgraph: string) => ReadonlySet<string>;
}

export interface RequiredFields {
  /** Paths of leaves: names of fields from the entity on, joined with dots. */
  readonly paths: readonly string[];
  /** Those with arguments. */
  readonly aliased: readonly RequiredField[];
}

export interface RequiredField {
  /** Names of fields that lead to it from the entity, and its own, joined with dots. */
  readonly path: string;
  readonly alias: string;
  /** What is needed of it, by the alias and with aliases below it. */
  readonly node: QueryPlanSelectionNode;
}

/**
 * Gives fields with arguments that `@requires` asks for names of their own. The planner itself would merge `price(currency: "USD")` of a
 * requirement with `price(currency: "EUR")` of a client, or of another requirement, and fetch one of them for both. Federation forbids
 * aliases in `@requires`, so they are given where the planner keeps what it read from it.
 */
export function aliasRequirements(graph: QueryGraph): Requirements {
  const aliases = new Map<string, string>();
  const fieldNames = new Map<string, string>();
  const responseNames = new Set(['__typename']);
  const byField = new Map<string, RequiredFields>();
  const keys = new Map<string, Set<string>>();
  const ofInterfaceObjects = new Set<string>();

  function aliased(selections: SelectionSet): SelectionSet {
    return selections.lazyMap((selection) => {
      const below = selection.selectionSet === undefined ? undefined : aliased(selection.selectionSet);
      if (selection.kind === 'FragmentSelection') return below === undefined ? selection : selection.withUpdatedSelectionSet(below);
      const field = selection.element;
      if (!field.definition.hasArguments()) {
        responseNames.add(field.responseName());
        return selection.withUpdatedComponents(field, below);
      }
      const printed = field.toString();
      const alias = aliases.get(printed) ?? `${field.name}__required_${aliases.size}`;
      aliases.set(printed, alias);
      fieldNames.set(alias, field.name);
      responseNames.add(alias);
      return selection.withUpdatedComponents(field.withUpdatedAlias(alias), below);
    });
  }

  for (const vertex of graph.allVertices()) {
    for (const edge of graph.outEdges(vertex, true)) {
      if (edge.conditions === undefined) continue;
      const conditions = aliased(edge.conditions);
      Reflect.set(edge, '_conditions', conditions);
      if (edge.conditions !== conditions) throw unknownPlanner();
      const required = { paths: leafPaths(conditions, ''), aliased: requiredFields(conditions, '') };
      const { transition, head, tail } = edge;
      if (transition.kind === 'FieldCollection' && transition.definition !== undefined) {
        const { name, parent } = transition.definition;
        byField.set(`${head.source} ${parent.name}.${name}`, required);
        if (isInterfaceObjectType(parent)) ofInterfaceObjects.add(`${parent.name}.${name}`);
      } else if (required.aliased.length > 0) {
        // Fields with arguments cannot be keys.
        throw unknownPlanner();
      } else {
        keys.set(tail.source, new Set([...(keys.get(tail.source) ?? []), ...required.paths]));
      }
    }
  }
  return {
    responseNames,
    fieldNames,
    requiredBy: (subgraph, typeName, fieldName) => byField.get(`${subgraph} ${typeName}.${fieldName}`) ?? nothing,
    isRequiringForInterface: (typeName, fieldName) => ofInterfaceObjects.has(`${typeName}.${fieldName}`),
    keysOf: (subgraph) => keys.get(subgraph) ?? none,
  };
}

const nothing: RequiredFields = { paths: [], aliased: [] };
const none: ReadonlySet<string> = new Set();

function leafPaths(selections: SelectionSet, prefix: string): string[] {
  return selections.selections().flatMap((selection) => {
    if (selection.kind === 'FragmentSelection') return leafPaths(selection.selectionSet, prefix);
    const path = prefix + selection.element.name;
    return selection.selectionSet === undefined ? [path] : leafPaths(selection.selectionSet, `${path}.`);
  });
}

function requiredFields(selections: SelectionSet, prefix: string): RequiredField[] {
  return selections.selections().flatMap((selection) => {
    if (selection.kind === 'FragmentSelection') return requiredFields(selection.selectionSet, prefix);
    const { name, alias } = selection.element;
    const path = prefix + name;
    if (alias !== undefined) return [{ path, alias, node: toNode(selection) }];
    return selection.selectionSet === undefined ? [] : requiredFields(selection.selectionSet, `${path}.`);
  });
}

function toNode(selection: Selection): QueryPlanSelectionNode {
  const selections = selection.selectionSet?.selections().map(toNode);
  if (selection.kind === 'FragmentSelection') {
    const typeCondition = selection.element.typeCondition?.name;
    return { kind: 'InlineFragment', ...(typeCondition === undefined ? {} : { typeCondition }), selections: selections ?? [] };
  }
  const { name, alias } = selection.element;
  return { kind: 'Field', name, ...(alias === undefined ? {} : { alias }), ...(selections === undefined ? {} : { selections }) };
}
