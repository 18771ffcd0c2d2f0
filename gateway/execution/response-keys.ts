import { Kind, parse, visit, type DocumentNode, type FragmentDefinitionNode, type SelectionSetNode } from 'graphql';

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

/** Keys that the data of a subgraph's query always has: those of root fields that stand under no directive and in no named fragment. */
export function unconditionalKeys(query: string): readonly string[] {
  const keys = new Set<string>();

  function addKeys({ selections }: SelectionSetNode): void {
    for (const selection of selections) {
      if (selection.kind === Kind.FRAGMENT_SPREAD || (selection.directives ?? []).length > 0) continue;
      if (selection.kind === Kind.FIELD) keys.add(selection.alias?.value ?? selection.name.value);
      else addKeys(selection.selectionSet);
    }
  }

  for (const definition of parse(query, { noLocation: true }).definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) addKeys(definition.selectionSet);
  }
  return [...keys];
}

/** Every response key that the document names, wherever it does. */
export function responseKeysOf(document: DocumentNode): ReadonlySet<string> {
  const keys = new Set<string>();
  visit(document, { Field: ({ alias, name }) => void keys.add((alias ?? name).value) });
  return keys;
}

/** Keys that the answer to a subgraph's query for entities may have for an object of each type; the empty name stands for any type. */
export function entityKeysByType(query: string): ReadonlyMap<string, readonly string[]> {
  const { definitions } = parse(query, { noLocation: true });
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const keys = new Map<string, string[]>();

  function addKeys({ selections }: SelectionSetNode, type: string): void {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const key = selection.alias?.value ?? selection.name.value;
        if (selection.name.value !== '__typename') keys.set(type, [...(keys.get(type) ?? []), key]);
        continue;
      }
      const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
      if (fragment !== undefined) addKeys(fragment.selectionSet, fragment.typeCondition?.name.value ?? type);
    }
  }

  for (const definition of definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    for (const field of definition.selectionSet.selections) {
      if (field.kind === Kind.FIELD && field.selectionSet !== undefined) addKeys(field.selectionSet, '');
    }
  }
  return keys;
}
