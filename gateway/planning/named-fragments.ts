import {
  Kind,
  visit,
  type DocumentNode,
  type FragmentDefinitionNode,
  type InlineFragmentNode,
  type OperationDefinitionNode,
} from 'graphql';

/** The only operation of a valid document, with its named fragments put in where they are used. */
export function withoutNamedFragments(document: DocumentNode, operationName?: string): OperationDefinitionNode {
  const fragments = new Map<string, FragmentDefinitionNode>();
  let operation: OperationDefinitionNode | undefined;
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
    else if (definition.kind === Kind.OPERATION_DEFINITION && (operationName === undefined || definition.name?.value === operationName)) {
      operation ??= definition;
    }
  }
  if (operation === undefined) throw new Error('The document has no such operation');
  return visit(operation, {
    FragmentSpread({ name, directives = [] }): InlineFragmentNode {
      const fragment = fragments.get(name.value);
      if (fragment === undefined) throw new Error(`The document has no fragment "${name.value}"`);
      const { typeCondition, selectionSet } = fragment;
      return { kind: Kind.INLINE_FRAGMENT, typeCondition, directives, selectionSet };
    },
  });
}
