import { Kind, visit, type DocumentNode, type FieldNode, type GraphQLSchema } from 'graphql';
import { findAmbiguousFields } from './ambiguous-fields.js';
import { fieldKey, freeName, responseName, responseNamesIn } from './response-names.js';

/** Under which names the fields of a client are planned. */
export interface PlannedNames {
  of(field: FieldNode): string;
  /** Response names of the client by those that are not its own. */
  readonly clientNames: ReadonlyMap<string, string>;
}

/**
 * Other names for what the planner would take for something else: fields with ambiguous names, and aliases that are spelled like something
 * that it asks for on its own, such as a key (`id: name`). The client would get a wrong answer, and could even choose which entity a
 * subgraph is asked for. `reserved` are those, and what else is taken.
 */
export function namePlannedFields(
  schema: GraphQLSchema,
  operation: { readonly document: DocumentNode; readonly operationName: string | undefined },
  reserved: ReadonlySet<string>,
): PlannedNames {
  const taken = new Set([...reserved, ...responseNamesIn(operation.document)]);
  const clientNames = new Map<string, string>();
  const aliases = new Map<string, string>();
  const ambiguous = new Map<string, string>();
  for (const field of findAmbiguousFields(schema, operation)) rename(field, ambiguous, fieldKey(field), field.name.value);
  visit(operation.document, {
    Field(field) {
      if (isClashing(field, reserved)) rename(field, aliases, responseName(field), 'of_client');
    },
  });
  return { clientNames, of: (field) => ambiguous.get(fieldKey(field)) ?? aliasName(field, aliases) };

  function rename(field: FieldNode, names: Map<string, string>, key: string, addition: string): void {
    if (names.has(key)) return;
    // Names that begin with "__" are for introspection: some servers refuse others.
    const name = freeName(`${responseName(field)}__${addition}`.replace(/^_+/, ''), taken);
    names.set(key, name);
    clientNames.set(name, responseName(field));
  }
}

export function renameFields(document: DocumentNode, names: PlannedNames): DocumentNode {
  if (names.clientNames.size === 0) return document;
  return visit(document, {
    Field(field) {
      const value = names.of(field);
      return value === responseName(field) ? undefined : { ...field, alias: { kind: Kind.NAME, value } };
    },
  });
}

function aliasName(field: FieldNode, aliases: ReadonlyMap<string, string>): string {
  const name = responseName(field);
  return name === field.name.value ? name : (aliases.get(name) ?? name);
}

function isClashing(field: FieldNode, reserved: ReadonlySet<string>): boolean {
  const name = responseName(field);
  return name !== field.name.value && reserved.has(name);
}
