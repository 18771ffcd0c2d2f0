import type { FetchNode, QueryPlanSelectionNode } from '@apollo/query-planner';
import {
  Kind,
  parse,
  print,
  stripIgnoredCharacters,
  visit,
  type FieldNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { withoutNamedFragments } from './named-fragments.js';
import type { RequiredField, Requirements } from './requirements.js';

export interface PartOfFetch {
  readonly fetch: FetchNode;
  /** What its entities need of fields with arguments. */
  readonly required: readonly RequiredField[];
}

/** As few fetches as it takes for none of them to need a field of an entity with two different arguments: nearly always the one given. */
export function splitFetch(fetch: FetchNode, requirements: Requirements): readonly PartOfFetch[] {
  const given = pathsIn(fetch.requires ?? [], '');
  if (given.size === 0) return [{ fetch, required: [] }];

  const operation = withoutNamedFragments(parse(fetch.operation));
  const fields = fieldsOfEntities(operation).map(({ node, typeName, condition }) => ({
    node,
    condition,
    required: requirements.requiredBy(fetch.serviceName, typeName, node.name.value).filter(({ path }) => given.has(path)),
  }));
  const parts: { readonly condition: string; required: readonly RequiredField[] }[] = [];
  const partOfField = new Map<FieldNode, number>();
  for (const { node, condition, required } of fields) {
    // What is needed under a condition is missing without it, and an entity that misses something is not sent.
    const found = parts.findIndex(
      (part) => part.condition === condition && !required.some((each) => part.required.some((other) => areClashing(each, other))),
    );
    const index = found === -1 ? parts.length : found;
    parts[index] = { condition, required: [...(parts[index]?.required ?? []), ...required] };
    partOfField.set(node, index);
  }
  const required = parts.flatMap((part) => part.required);
  if (required.length === 0 || parts.length === 1) return [{ fetch, required }];
  return parts.map((part, index) => ({
    required: part.required,
    fetch: { ...fetch, ...keepFields(operation, (field) => (partOfField.get(field) ?? index) === index) },
  }));
}

function areClashing(one: RequiredField, other: RequiredField): boolean {
  return one.path === other.path && one.alias !== other.alias;
}

/** Names of fields, joined with dots. */
function pathsIn(selections: readonly QueryPlanSelectionNode[], prefix: string): Set<string> {
  const found = new Set<string>();
  for (const selection of selections) {
    const path = selection.kind === 'Field' ? prefix + selection.name : '';
    if (path !== '') found.add(path);
    const below = selection.kind === 'Field' ? `${path}.` : prefix;
    for (const each of pathsIn(selection.selections ?? [], below)) found.add(each);
  }
  return found;
}

interface EntityField {
  readonly node: FieldNode;
  readonly typeName: string;
  /** All `@skip` and `@include` that it stands under. */
  readonly condition: string;
}

function fieldsOfEntities(operation: OperationDefinitionNode): readonly EntityField[] {
  return operation.selectionSet.selections.flatMap((selection) =>
    selection.kind === Kind.FIELD && selection.selectionSet !== undefined ? fieldsIn(selection.selectionSet, '', '') : [],
  );
}

/** The fields of the entities themselves, not what is below them: the planner fetches what that requires apart. */
function fieldsIn(set: SelectionSetNode, typeName: string, above: string): readonly EntityField[] {
  return set.selections.flatMap((selection) => {
    const condition = [above, ...(selection.directives ?? []).map(print)].join('');
    if (selection.kind === Kind.FIELD) return [{ node: selection, typeName, condition }];
    if (selection.kind === Kind.FRAGMENT_SPREAD) return [];
    return fieldsIn(selection.selectionSet, selection.typeCondition?.name.value ?? typeName, condition);
  });
}

function keepFields(
  operation: OperationDefinitionNode,
  keeps: (field: FieldNode) => boolean,
): Pick<FetchNode, 'operation' | 'variableUsages'> {
  const used = new Set<string>();
  const pruned = visit(operation, {
    Field: (field) => (keeps(field) ? undefined : null),
    InlineFragment: { leave: ({ selectionSet }) => (selectionSet.selections.length === 0 ? null : undefined) },
  });
  visit(pruned, { VariableDefinition: () => false, Variable: ({ name }) => void used.add(name.value) });
  const variableDefinitions = (pruned.variableDefinitions ?? []).filter(({ variable }) => used.has(variable.name.value));
  return {
    operation: stripIgnoredCharacters(print({ ...pruned, variableDefinitions })),
    variableUsages: [...used].filter((name) => name !== 'representations'),
  };
}
