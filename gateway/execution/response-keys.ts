import { Kind, parse, type FragmentDefinitionNode, type SelectionSetNode } from 'graphql';

/** Keys that the answer to a subgraph's query may have: those of the root, or those of each entity. */
export function responseKeys(query: string, isOfEntities: boolean): readonly string[] {
  const { definitions } = parse(query, { noLocation: true });
  const fragments = new Map<string, FragmentDefinitionNode>();
  const roots: SelectionSetNode[] = [];
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
    if (definition.kind === Kind.OPERATION_DEFINITION) roots.push(definition.selectionSet);
  }
  const keys = new Set<string>();

  function addKeys({ selections }: SelectionSetNode): void {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        keys.add(selection.alias?.value ?? selection.name.value);
        continue;
      }
      const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
      if (fragment !== undefined) addKeys(fragment.selectionSet);
    }
  }

  for (const root of roots) {
    if (!isOfEntities) addKeys(root);
    else
      for (const field of root.selections) if (field.kind === Kind.FIELD && field.selectionSet !== undefined) addKeys(field.selectionSet);
  }
  return [...keys];
}
