import type { FetchNode, PlanNode } from '@apollo/query-planner';
import { Kind, parse, print, type SelectionSetNode } from 'graphql';
import { withoutNamedFragments } from './named-fragments.js';

/** Fields that a plan fetches under conditions: one that a fetch needs may be missing although the fetch itself is under none. */
export interface ConditionalNames {
  /** Whether a field of that name may be missing for a fetch that itself is under the conditions `above`. */
  mayBeMissing(name: string, above: string): boolean;
}

/** `fieldNames`: names of fields by aliases that stand for them. */
export function readConditionalNames(node: PlanNode, fieldNames: ReadonlyMap<string, string>): ConditionalNames {
  const conditions = new Map<string, Set<string>>();
  walk(node, '');
  return { mayBeMissing: (name, above) => [...(conditions.get(name) ?? [])].some((each) => !above.startsWith(each)) };

  function walk(each: PlanNode, above: string): void {
    switch (each.kind) {
      case 'Sequence':
      case 'Parallel':
        for (const child of each.nodes) walk(child, above);
        return;
      case 'Flatten':
        walk(each.node, above);
        return;
      case 'Condition':
        if (each.ifClause !== undefined) walk(each.ifClause, whenTrue(above, each.condition));
        if (each.elseClause !== undefined) walk(each.elseClause, whenFalse(above, each.condition));
        return;
      case 'Fetch':
        addFetch(each, above);
        return;
      case 'Defer':
        for (const { node: part } of [each.primary, ...each.deferred]) if (part !== undefined) walk(part, above);
    }
  }

  function addFetch({ operation }: FetchNode, above: string): void {
    // Conditions of a fetch are of interest only where there are some in the plan.
    if (above === '' && !operation.includes('@include') && !operation.includes('@skip')) return;
    add(withoutNamedFragments(parse(operation)).selectionSet, above);
  }

  function add({ selections }: SelectionSetNode, above: string): void {
    for (const selection of selections) {
      const condition = above + (selection.directives ?? []).map(print).join('');
      if (selection.kind === Kind.FIELD && condition !== '') {
        const key = (selection.alias ?? selection.name).value;
        const name = fieldNames.get(key) ?? key;
        conditions.set(name, (conditions.get(name) ?? new Set()).add(condition));
      }
      if (selection.kind !== Kind.FRAGMENT_SPREAD && selection.selectionSet !== undefined) add(selection.selectionSet, condition);
    }
  }
}

export function whenTrue(above: string, variable: string): string {
  return `${above}@include(if: $${variable})`;
}

export function whenFalse(above: string, variable: string): string {
  return `${above}@skip(if: $${variable})`;
}
