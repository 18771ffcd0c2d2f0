import {
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLNamedType,
  type GraphQLSchema,
  type InlineFragmentNode,
  type SelectionSetNode,
} from 'graphql';

/** Where a field stands. */
export interface TypedField {
  readonly field: FieldNode;
  readonly parent: GraphQLCompositeType;
  /** What it gives, without lists and non-null; undefined for fields of introspection. */
  readonly type: GraphQLNamedType | undefined;
}

/** Every field of a valid document once, also those of named fragments; not those inside of introspection. */
export function typedFields(schema: GraphQLSchema, document: DocumentNode): readonly TypedField[] {
  const found: TypedField[] = [];
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) {
      collect(definition.selectionSet, schema.getRootType(definition.operation));
    } else if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      collect(definition.selectionSet, compositeType(schema, definition.typeCondition.name.value));
    }
  }
  return found;

  function collect(set: SelectionSetNode, parent: GraphQLCompositeType | null | undefined): void {
    if (parent === null || parent === undefined) return;
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        const type = typeOf(selection, parent);
        found.push({ field: selection, parent, type });
        if (selection.selectionSet !== undefined && isCompositeType(type)) collect(selection.selectionSet, type);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        collect(selection.selectionSet, conditionType(schema, selection, parent));
      }
    }
  }
}

/** What a field gives, without lists and non-null; undefined for fields of introspection. */
export function typeOf({ name }: FieldNode, parent: GraphQLCompositeType): GraphQLNamedType | undefined {
  if (!isObjectType(parent) && !isInterfaceType(parent)) return undefined;
  const definition = parent.getFields()[name.value];
  return definition === undefined ? undefined : getNamedType(definition.type);
}

/** Of which objects a fragment selects something that stands where `parent` is. */
export function conditionType(
  schema: GraphQLSchema,
  { typeCondition }: InlineFragmentNode,
  parent: GraphQLCompositeType,
): GraphQLCompositeType | undefined {
  return typeCondition === undefined ? parent : compositeType(schema, typeCondition.name.value);
}

function compositeType(schema: GraphQLSchema, name: string): GraphQLCompositeType | undefined {
  const type = schema.getType(name);
  return isCompositeType(type) ? type : undefined;
}
