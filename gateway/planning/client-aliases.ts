import { Kind, visit, type DocumentNode, type FieldNode } from 'graphql';
import { freeName, responseName, responseNamesIn } from './response-names.js';

/**
 * Names for aliases of a client that are spelled like something that the planner asks for on its own, such as a key (`id: name`). It would
 * take one for the other: the client would get a wrong answer, and could even choose which entity a subgraph is asked for.
 */
export function nameClashingAliases(document: DocumentNode, reserved: ReadonlySet<string>): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  visit(document, {
    Field(field) {
      // Names that begin with "__" are for introspection: some servers refuse others.
      if (isClashing(field, reserved)) names.set(responseName(field), `${responseName(field).replace(/^_+/, '')}__of_client`);
    },
  });
  if (names.size === 0) return names;
  const taken = new Set([...reserved, ...responseNamesIn(document)]);
  for (const [alias, name] of names) names.set(alias, freeName(name, taken));
  return names;
}

export function renameAliases(document: DocumentNode, names: ReadonlyMap<string, string>): DocumentNode {
  if (names.size === 0) return document;
  return visit(document, {
    Field(field) {
      const value = plannedName(field, names);
      return value === responseName(field) ? undefined : { ...field, alias: { kind: Kind.NAME, value } };
    },
  });
}

/** Under which name `field` is planned when `names` are those of clashing aliases. */
export function plannedName(field: FieldNode, names: ReadonlyMap<string, string>): string {
  const name = responseName(field);
  return name === field.name.value ? name : (names.get(name) ?? name);
}

function isClashing(field: FieldNode, reserved: ReadonlySet<string>): boolean {
  const name = responseName(field);
  return name !== field.name.value && reserved.has(name);
}
