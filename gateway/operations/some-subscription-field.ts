import { GraphQLError, OperationTypeNode, Kind, type ASTVisitor, type SelectionSetNode, type ValidationContext } from 'graphql';
import { isLeftOut } from '../planning/literal-conditions.js';

/** A subscription whose root field is left out by a `@skip` or `@include` without a variable has nothing to wait for. graphql takes it. */
export function someSubscriptionField(context: ValidationContext): ASTVisitor {
  /** `seen`: fragments that have none, and those under way. */
  function hasField({ selections }: SelectionSetNode, seen: Set<string>): boolean {
    return selections.some((selection) => {
      if (isLeftOut(selection)) return false;
      if (selection.kind === Kind.FIELD) return true;
      if (selection.kind === Kind.INLINE_FRAGMENT) return hasField(selection.selectionSet, seen);
      const name = selection.name.value;
      if (seen.has(name)) return false;
      seen.add(name);
      const fragment = context.getFragment(name);
      // Another rule refuses one that is missing.
      return fragment === undefined || fragment === null || hasField(fragment.selectionSet, seen);
    });
  }

  return {
    OperationDefinition(node) {
      if (node.operation !== OperationTypeNode.SUBSCRIPTION || hasField(node.selectionSet, new Set())) return;
      context.reportError(
        new GraphQLError('The root field of a subscription cannot be left out by "@include" or "@skip".', { nodes: node }),
      );
    },
  };
}
