import { print, visit, type DocumentNode, type FieldNode, type ObjectValueNode } from 'graphql';

export function responseName({ alias, name }: FieldNode): string {
  return (alias ?? name).value;
}

/** The same for fields of one response name that are the same field with the same arguments. */
export function fieldKey(field: FieldNode): string {
  const given = (field.arguments ?? []).map(
    ({ name, value }) => `${name.value}: ${print(visit(value, { ObjectValue: { leave: inOrder } }))}`,
  );
  return [responseName(field), field.name.value, ...given.sort()].join(' ');
}

function inOrder(value: ObjectValueNode): ObjectValueNode {
  return { ...value, fields: value.fields.toSorted((one, other) => (one.name.value < other.name.value ? -1 : 1)) };
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
