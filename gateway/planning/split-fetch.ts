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
  /** What its entities need, of what a `@requires` names. */
  readonly paths: ReadonlySet<string>;
  readonly aliased: readonly RequiredField[];
}

interface Part {
  readonly condition: string;
  readonly paths: readonly string[];
  readonly aliased: readonly RequiredField[];
}

/**
 * As few fetches as it takes, nearly always the one given. None needs a field of an entity with two different arguments. And none needs
 * under `@skip` or `@include` what another field of it does not: an entity that misses something is not sent at all, which would also null
 * the fields that need nothing of it. Nor what only one field of it needs, and what was fetched under a condition: the planner forgets
 * conditions of fields that it adds itself, for a `@requires` of another field.
 */
export function splitFetch(fetch: FetchNode, requirements: Requirements, mayBeMissing: (name: string) => boolean): readonly PartOfFetch[] {
  const given = leavesIn(fetch.requires ?? [], '');
  const keys = requirements.keysOf(fetch.serviceName);
  if ([...given].every((path) => path === '__typename' || keys.has(path))) return [{ fetch, paths: new Set(), aliased: [] }];
  const operation = withOwnNodes(withoutNamedFragments(parse(fetch.operation)));
  const parts: Part[] = [];
  const partOfField = new Map<FieldNode, number>();
  for (const { node, typeName, condition } of fieldsOfEntities(operation)) {
    const required = requirements.requiredBy(fetch.serviceName, typeName, node.name.value);
    const paths = required.paths.filter((path) => given.has(path));
    const aliased = paths.length === 0 ? [] : required.aliased;
    const uncertain = paths.filter((path) => path.split('.').some(mayBeMissing)).sort();
    const own: Part = { condition: paths.length === 0 ? '' : `${condition} ${uncertain.join(' ')}`.trim(), paths, aliased };
    const found = parts.findIndex((part) => canShare(part, own));
    const index = found === -1 ? parts.length : found;
    const part = parts[index] ?? own;
    parts[index] = { ...part, paths: [...part.paths, ...paths], aliased: [...part.aliased, ...aliased] };
    partOfField.set(node, index);
  }
  return parts.map(({ paths, aliased }, index) => ({
    paths: new Set(paths),
    aliased,
    fetch: parts.length === 1 ? fetch : { ...fetch, ...keepFields(operation, (field) => (partOfField.get(field) ?? index) === index) },
  }));
}

/** What stood in a named fragment is one node in several places, each of which may belong to another part. */
function withOwnNodes(operation: OperationDefinitionNode): OperationDefinitionNode {
  return withoutNamedFragments(parse(print(operation), { noLocation: true }));
}

/** Whether what `own` needs can be asked for together with `part`. */
function canShare(part: Part, own: Part): boolean {
  return part.condition === own.condition && !own.aliased.some((each) => part.aliased.some((other) => areClashing(each, other)));
}

function areClashing(one: RequiredField, other: RequiredField): boolean {
  return one.path === other.path && one.alias !== other.alias;
}

/** Paths of leaves: names of fields, joined with dots. */
function leavesIn(selections: readonly QueryPlanSelectionNode[], prefix: string): Set<string> {
  return new Set(
    selections.flatMap((selection) => {
      if (selection.kind === 'InlineFragment') return [...leavesIn(selection.selections, prefix)];
      const path = prefix + selection.name;
      return selection.selections === undefined ? [path] : [...leavesIn(selection.selections, `${path}.`)];
    }),
  );
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
