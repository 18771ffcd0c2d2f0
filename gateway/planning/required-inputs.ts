import type { FetchDataRewrite, FetchNode, PlanNode, QueryPlan, QueryPlanSelectionNode } from '@apollo/query-planner';
import { readConditionalNames, whenFalse, whenTrue, type ConditionalNames } from './conditional-names.js';
import type { Requirements } from './requirements.js';
import { splitFetch, type PartOfFetch } from './split-fetch.js';

/**
 * Turns names that `aliasRequirements` gave back into those that subgraphs know, in the entities that they are sent. An entity cannot
 * have one field twice, so a fetch that needs it with different arguments becomes several.
 */
export function restoreRequiredInputs(plan: QueryPlan, requirements: Requirements): QueryPlan {
  if (plan.node === undefined) return plan;
  if (plan.node.kind !== 'Subscription') return { ...plan, node: restored(plan.node, scopeOf([plan.node], requirements)) };
  const { primary, rest } = plan.node;
  return rest === undefined ? plan : { ...plan, node: { ...plan.node, rest: restored(rest, scopeOf([primary, rest], requirements)) } };
}

interface Scope {
  readonly requirements: Requirements;
  readonly conditional: ConditionalNames;
  /** Conditions that the node is under. */
  readonly above: string;
}

function scopeOf(nodes: PlanNode[], requirements: Requirements): Scope {
  return { requirements, conditional: readConditionalNames({ kind: 'Sequence', nodes }, requirements.fieldNames), above: '' };
}

function restored(node: PlanNode, scope: Scope): PlanNode {
  const { requirements, conditional, above } = scope;
  const all = (nodes: readonly PlanNode[]) => nodes.map((each) => restored(each, scope));
  switch (node.kind) {
    case 'Sequence':
    case 'Parallel':
      return { ...node, nodes: all(node.nodes) };
    case 'Condition':
      return {
        ...node,
        ...(node.ifClause === undefined ? {} : { ifClause: restored(node.ifClause, { ...scope, above: whenTrue(above, node.condition) }) }),
        ...(node.elseClause === undefined
          ? {}
          : { elseClause: restored(node.elseClause, { ...scope, above: whenFalse(above, node.condition) }) }),
      };
    case 'Flatten': {
      const child = restored(node.node, scope);
      if (child.kind !== 'Parallel') return { ...node, node: child };
      return { kind: 'Parallel', nodes: child.nodes.map((each) => ({ ...node, node: each })) };
    }
    case 'Fetch': {
      if (node.requires === undefined) return node;
      const parts = splitFetch(node, requirements, (name) => conditional.mayBeMissing(name, above));
      const fetches = parts.map((part) => withInputs(part, parts, requirements));
      const [first] = fetches;
      return fetches.length === 1 && first !== undefined ? first : { kind: 'Parallel', nodes: fetches };
    }
    case 'Defer': {
      const part = <Part extends { node?: PlanNode }>(each: Part): Part =>
        each.node === undefined ? each : { ...each, node: restored(each.node, scope) };
      return { ...node, primary: part(node.primary), deferred: node.deferred.map(part) };
    }
  }
}

/**
 * The fetch of `part` with entities that have what it requires, by the right names, and nothing that only other parts do. Where the
 * planner says what a fetch needs it forgets aliases, so that they are put back by the paths of the fields.
 */
function withInputs(part: PartOfFetch, parts: readonly PartOfFetch[], { fieldNames, keysOf }: Requirements): FetchNode {
  const { fetch } = part;
  const aliasedPaths = new Set(parts.flatMap(({ aliased }) => aliased.map(({ path }) => path)));
  if (parts.length === 1 && aliasedPaths.size === 0) return fetch;
  const keys = keysOf(fetch.serviceName);
  const dropped = new Set(parts.flatMap(({ paths }) => [...paths]).filter((path) => !part.paths.has(path) && !keys.has(path)));
  const requires = needed(fetch.requires ?? [], '');
  const renames = renamesIn(requires, [], fieldNames);
  return { ...fetch, requires, ...(renames.length === 0 ? {} : { inputRewrites: [...(fetch.inputRewrites ?? []), ...renames] }) };

  function needed(selections: readonly QueryPlanSelectionNode[], prefix: string): QueryPlanSelectionNode[] {
    return selections.flatMap((selection): QueryPlanSelectionNode[] => {
      const path = selection.kind === 'Field' ? prefix + selection.name : '';
      if (aliasedPaths.has(path)) return part.aliased.flatMap((each) => (each.path === path ? [each.node] : []));
      if (selection.selections === undefined) return dropped.has(path) ? [] : [selection];
      const below = needed(selection.selections, selection.kind === 'Field' ? `${path}.` : prefix);
      const isLess = below.length < selection.selections.length;
      const isEmpty = isLess && below.every((each) => each.kind === 'Field' && each.name === '__typename');
      return isEmpty ? [] : [{ ...selection, selections: below }];
    });
  }
}

/** What is below is renamed first, while the path to it is still the one of the aliases. */
function renamesIn(
  selections: readonly QueryPlanSelectionNode[],
  path: readonly string[],
  fieldNames: Requirements['fieldNames'],
): FetchDataRewrite[] {
  return selections.flatMap((selection): FetchDataRewrite[] => {
    if (selection.kind === 'InlineFragment') {
      const { typeCondition } = selection;
      return renamesIn(selection.selections, typeCondition === undefined ? path : [...path, `... on ${typeCondition}`], fieldNames);
    }
    const key = selection.alias ?? selection.name;
    const below = renamesIn(selection.selections ?? [], [...path, key], fieldNames);
    const name = fieldNames.get(key);
    return name === undefined ? below : [...below, { kind: 'KeyRenamer', path: [...path, key], renameKeyTo: name }];
  });
}
