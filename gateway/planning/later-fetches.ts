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

export function readLaterFetches(plan: DeferNode): LaterFetches {
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
