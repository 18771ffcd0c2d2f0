import { Kind, visit, type DocumentNode, type SelectionSetNode } from 'graphql';

const introspected: ReadonlySet<string> = new Set(['__schema', '__type']);

const typename: SelectionSetNode = {
  kind: Kind.SELECTION_SET,
  selections: [{ kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }],
};

/**
 * The same without what is selected below `__schema` and `__type`: no subgraph is asked for it, and the planner knows an older introspection
 * than clients do (without `isOneOf`).
 */
export function withoutIntrospection(document: DocumentNode): DocumentNode {
  return visit(document, {
    FragmentDefinition: ({ typeCondition }) => (typeCondition.name.value.startsWith('__') ? null : undefined),
    Field: {
      enter: (field) => (introspected.has(field.name.value) ? { ...field, selectionSet: typename } : undefined),
    },
  });
}
