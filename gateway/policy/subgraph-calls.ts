import type { PlanNode, QueryPlan, SubscriptionNode } from '@apollo/query-planner';

/**
 * How many requests to subgraphs a plan makes at most: as many as it has fetches, since each runs once, for all entities together. Of a
 * subscription, those of one event.
 */
export function countSubgraphCalls({ node }: QueryPlan): number {
  return node === undefined ? 0 : count(node);
}

function count(node: PlanNode | SubscriptionNode): number {
  switch (node.kind) {
    case 'Fetch':
      return 1;
    case 'Flatten':
      return count(node.node);
    case 'Sequence':
    case 'Parallel':
      return node.nodes.reduce((sum, each) => sum + count(each), 0);
    case 'Condition':
      return Math.max(optional(node.ifClause), optional(node.elseClause));
    case 'Defer':
      return optional(node.primary.node) + node.deferred.reduce((sum, each) => sum + optional(each.node), 0);
    case 'Subscription':
      return optional(node.rest);
  }
}

function optional(node: PlanNode | undefined): number {
  return node === undefined ? 0 : count(node);
}
