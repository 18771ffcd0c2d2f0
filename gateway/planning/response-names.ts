import { visit, type DocumentNode, type FieldNode } from 'graphql';

export function responseName({ alias, name }: FieldNode): string {
  return (alias ?? name).value;
}

/** All response names of a document, in whatever place. */
export function responseNamesIn(document: DocumentNode): Set<string> {
  const names = new Set<string>();
  visit(document, { Field: (field) => void names.add(responseName(field)) });
  return names;
}

/** `name`, or as near to it as `taken` leaves free; taken from now on. */
export function freeName(name: string, taken: Set<string>): string {
  let free = name;
  while (taken.has(free)) free += '_';
  taken.add(free);
  return free;
}
