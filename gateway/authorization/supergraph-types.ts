import { isTypeDefinitionNode, isTypeExtensionNode, Kind, type ConstDirectiveNode, type DocumentNode, type TypeNode } from 'graphql';

export interface SupergraphField {
  readonly directives: readonly ConstDirectiveNode[];
  /** Name of its type, without lists and non-null. */
  readonly type: string;
}

export interface SupergraphType {
  readonly directives: readonly ConstDirectiveNode[];
  /** Those that it implements. */
  readonly interfaces: readonly string[];
  readonly fields: ReadonlyMap<string, SupergraphField>;
}

/** What a supergraph says of its types, with directives, which schemas that are built from it forget. */
export function readSupergraphTypes(supergraph: DocumentNode): ReadonlyMap<string, SupergraphType> {
  const types = new Map<string, SupergraphType>();
  for (const definition of supergraph.definitions) {
    if (!isTypeDefinitionNode(definition) && !isTypeExtensionNode(definition)) continue;
    const known = types.get(definition.name.value);
    const fields = new Map(known?.fields);
    for (const field of ('fields' in definition ? definition.fields : undefined) ?? []) {
      fields.set(field.name.value, { directives: field.directives ?? [], type: namedType(field.type) });
    }
    const interfaces = ('interfaces' in definition ? definition.interfaces : undefined) ?? [];
    types.set(definition.name.value, {
      fields,
      directives: [...(known?.directives ?? []), ...(definition.directives ?? [])],
      interfaces: [...(known?.interfaces ?? []), ...interfaces.map(({ name }) => name.value)],
    });
  }
  return types;
}

function namedType(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type);
}
