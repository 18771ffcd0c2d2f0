import { Kind, visit, type DocumentNode } from 'graphql';
import { setOwn } from '../../shared/json/json-object.js';

/**
 * Names that variables of clients may have and that nothing behind the parser can bear: an assignment to `__proto__` is lost, in graphql-js
 * of many a subgraph as well, and `representations` is the variable by which entities are asked for.
 */
const unbearable: ReadonlySet<string> = new Set(['__proto__', 'representations']);

/** The new names by the old; undefined when the document has none of these variables. */
export type VariableNames = ReadonlyMap<string, string> | undefined;

export function findVariableNames(source: string, document: DocumentNode): VariableNames {
  if (![...unbearable].some((name) => source.includes(name))) return undefined;
  const taken = new Set<string>();
  visit(document, { Variable: ({ name }) => void taken.add(name.value) });
  const names = new Map<string, string>();
  for (const name of unbearable) {
    if (!taken.has(name)) continue;
    let free = `${name.replaceAll('_', '')}_of_client`;
    while (taken.has(free)) free += '_';
    names.set(name, free);
  }
  return names.size === 0 ? undefined : names;
}

export function renameVariables(document: DocumentNode, names: VariableNames): DocumentNode {
  if (names === undefined) return document;
  return visit(document, {
    Variable(variable) {
      const value = names.get(variable.name.value);
      return value === undefined ? undefined : { ...variable, name: { kind: Kind.NAME, value } };
    },
  });
}

/** Variables that are renamed already stay. */
export function renamedVariables(variables: Readonly<Record<string, unknown>>, names: VariableNames): Readonly<Record<string, unknown>> {
  if (names === undefined) return variables;
  const renamed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(variables)) setOwn(renamed, names.get(name) ?? name, value);
  return renamed;
}
