import {
  getNamedType,
  GraphQLError,
  Kind,
  OperationTypeNode,
  visit,
  type ASTVisitor,
  type DirectiveNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';
import { argumentOf, isDefer } from '../planning/deferred-fragments.js';

/** Clients tell parts by their labels. */
function uniqueDeferLabels(context: ValidationContext): ASTVisitor {
  const known = new Map<string, DirectiveNode>();
  return {
    Directive(node) {
      const label = isDefer(node) ? argumentOf(node, 'label') : undefined;
      if (label === undefined || label.kind === Kind.NULL) return;
      if (label.kind !== Kind.STRING) {
        context.reportError(new GraphQLError('The label of "@defer" must be a string that is written out.', { nodes: [node] }));
        return;
      }
      const other = known.get(label.value);
      if (other === undefined) known.set(label.value, node);
      else context.reportError(new GraphQLError(`Only one "@defer" can have the label "${label.value}".`, { nodes: [other, node] }));
    },
  };
}

/** Root fields of a mutation run one after the other, and a subscription has one. */
function noDeferredRootFields(context: ValidationContext): ASTVisitor {
  return {
    Directive(node) {
      const parent = isDefer(node) ? context.getParentType() : undefined;
      if (parent === undefined || parent === null) return;
      const schema = context.getSchema();
      if (parent !== schema.getMutationType() && parent !== schema.getSubscriptionType()) return;
      context.reportError(new GraphQLError(`Fields of "${getNamedType(parent).name}" cannot be deferred.`, { nodes: [node] }));
    },
  };
}

function noDeferredEvents(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition(operation) {
      if (operation.operation !== OperationTypeNode.SUBSCRIPTION) return;
      for (const definition of [operation, ...context.getRecursivelyReferencedFragments(operation)]) {
        visit(definition, {
          Directive(node) {
            // A condition may switch it off.
            if (!isDefer(node) || mayBeOff(node)) return;
            context.reportError(new GraphQLError('Subscriptions cannot have "@defer", unless its "if" is false.', { nodes: [node] }));
          },
        });
      }
    },
  };
}

function mayBeOff(node: DirectiveNode): boolean {
  const condition = argumentOf(node, 'if');
  return condition !== undefined && !(condition.kind === Kind.BOOLEAN && condition.value);
}

/** What the specification of `@defer` demands. */
export const deferRules: readonly ValidationRule[] = [uniqueDeferLabels, noDeferredRootFields, noDeferredEvents];
