import type { DeferNode, PlanNode } from '@apollo/query-planner';

/** What is fetched at first, and what is for each deferred fragment, by its label. A fragment that needs nothing of its own is not among them. */
export interface LaterFetches {
  readonly first: PlanNode | undefined;
  readonly later: ReadonlyMap<string, LaterFetch>;
}

export interface LaterFetch {
  readonly node: PlanNode;
  /** Fetches that bring what it needs. */
  readonly dependsOn: readonly string[];
}

/** Undefined when the planner would ask for entities that it says nothing of but their type. */
export function readLaterFetches(plan: DeferNode): LaterFetches | undefined {
  if (asksForAnyone(plan)) return undefined;
  const later = new Map<string, LaterFetch>();

  /** What a part fetches itself, apart from the parts within it. */
  function ownOf(node: PlanNode | undefined): PlanNode | undefined {
    if (node?.kind !== 'Defer') return node;
    for (const { label, node: part, depends } of node.deferred) {
      const own = ownOf(part);
      if (label !== undefined && own !== undefined) later.set(label, { node: own, dependsOn: depends.map(({ id }) => id) });
    }
    return node.primary.node;
  }

  return { first: ownOf(plan), later };
}

function asksForAnyone(node: PlanNode): boolean {
  switch (node.kind) {
    case 'Fetch':
      return (node.requires ?? []).some(
        (each) => each.kind === 'InlineFragment' && each.selections.every((field) => field.kind === 'Field' && field.name === '__typename'),
      );
    case 'Flatten':
      return asksForAnyone(node.node);
    case 'Sequence':
    case 'Parallel':
      return node.nodes.some(asksForAnyone);
    case 'Condition':
      return [node.ifClause, node.elseClause].some((each) => each !== undefined && asksForAnyone(each));
    case 'Defer':
      return [node.primary, ...node.deferred].some((each) => each.node !== undefined && asksForAnyone(each.node));
  }
}
