import type { PlanNode, QueryPlan, SubscriptionNode } from '@apollo/query-planner';
import { BREAK, Kind, visit, type DirectiveNode, type DocumentNode } from 'graphql';

/** So many plans at most for one operation: five variables, or more of which some do not matter where others are false. */
const maximumPlans = 32;

/** The first variable that `@skip` or `@include` depends on. */
export function firstCondition(document: DocumentNode): string | undefined {
  let found: string | undefined;
  visit(document, {
    Directive(directive) {
      found = conditionOf(directive);
      return found === undefined ? undefined : BREAK;
    },
  });
  return found;
}

/**
 * One plan for each way in which the conditions of an operation may turn out, as one plan that asks which of them it is. `plan` makes that
 * of a document whose conditions are all literal. Undefined when there would be too many, and of subscriptions.
 */
export function planByConditions(document: DocumentNode, plan: (document: DocumentNode) => QueryPlan): QueryPlan | undefined {
  let plans = 0;
  const node = nodeOf(document);
  return node === 'none' ? undefined : { kind: 'QueryPlan', ...(node === undefined ? {} : { node }) };

  function nodeOf(each: DocumentNode): PlanNode | 'none' | undefined {
    const condition = firstCondition(each);
    if (condition === undefined) {
      plans += 1;
      if (plans > maximumPlans) return 'none';
      const { node: planned } = plan(each);
      return planned?.kind === 'Subscription' ? 'none' : planned;
    }
    const whenTrue = nodeOf(withCondition(each, condition, true));
    if (whenTrue === 'none') return 'none';
    const whenFalse = nodeOf(withCondition(each, condition, false));
    if (whenFalse === 'none') return 'none';
    if (whenTrue === undefined && whenFalse === undefined) return undefined;
    return {
      kind: 'Condition',
      condition,
      ...(whenTrue === undefined ? {} : { ifClause: whenTrue }),
      ...(whenFalse === undefined ? {} : { elseClause: whenFalse }),
    };
  }
}

export function usesContexts({ node }: QueryPlan): boolean {
  return usesAny(node);
}

function usesAny(node: PlanNode | SubscriptionNode | undefined): boolean {
  switch (node?.kind) {
    case undefined:
      return false;
    case 'Fetch':
      return (node.contextRewrites ?? []).length > 0;
    case 'Flatten':
      return usesAny(node.node);
    case 'Sequence':
    case 'Parallel':
      return node.nodes.some(usesAny);
    case 'Condition':
      return usesAny(node.ifClause) || usesAny(node.elseClause);
    case 'Defer':
      return [node.primary, ...node.deferred].some((each) => usesAny(each.node));
    case 'Subscription':
      return usesAny(node.primary) || usesAny(node.rest);
  }
}

function withCondition(document: DocumentNode, name: string, value: boolean): DocumentNode {
  return visit(document, {
    Directive(directive) {
      if (conditionOf(directive) !== name) return undefined;
      const given = { kind: Kind.ARGUMENT, name: { kind: Kind.NAME, value: 'if' }, value: { kind: Kind.BOOLEAN, value } };
      return { ...directive, arguments: [given] };
    },
  });
}

function conditionOf({ name, arguments: given = [] }: DirectiveNode): string | undefined {
  if (name.value !== 'skip' && name.value !== 'include') return undefined;
  const value = given.find((argument) => argument.name.value === 'if')?.value;
  return value?.kind === Kind.VARIABLE ? value.name.value : undefined;
}
