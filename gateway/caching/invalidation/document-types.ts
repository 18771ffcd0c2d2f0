import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  OperationTypeNode,
  parse,
  type GraphQLCompositeType,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';

/** Of what types the answer to a document may have fields. */
export interface DocumentTypes {
  /** The root type and below it, and for `_entities` below the objects that are asked for. Undefined when it is not known. */
  readonly below: ReadonlySet<string> | undefined;
}

/** Documents of query plans, which are as many as clients' operations. */
const capacity = 1_000;

/** Reads documents for subgraphs by the schema of the supergraph. Only needed after an invalidation, and remembered. */
export function createDocumentTypes(): (query: string, schema: GraphQLSchema) => DocumentTypes {
  const bySchema = new WeakMap<GraphQLSchema, Map<string, DocumentTypes>>();
  return (query, schema) => {
    const known = bySchema.get(schema) ?? new Map<string, DocumentTypes>();
    bySchema.set(schema, known);
    const before = known.get(query);
    if (before !== undefined) return before;
    const types = { below: typesBelow(query, schema) };
    if (known.size >= capacity) known.delete(known.keys().next().value ?? '');
    known.set(query, types);
    return types;
  };
}

/** Under which names objects of this type, or of types within it, may be known: a subgraph may know an interface as an object. */
export function namesOf(type: string, schema: GraphQLSchema): ReadonlySet<string> {
  const found = schema.getType(type);
  const names = new Set([type]);
  if (isAbstractType(found)) for (const each of schema.getPossibleTypes(found)) names.add(each.name);
  if (isObjectType(found) || isInterfaceType(found)) for (const each of found.getInterfaces()) names.add(each.name);
  return names;
}

function typesBelow(query: string, schema: GraphQLSchema): ReadonlySet<string> | undefined {
  const below = new Set<string>();
  const document = parse(query, { noLocation: true });
  const fragments = new Map(
    document.definitions.flatMap((each) => (each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each]] : [])),
  );
  const roots = new Set<GraphQLCompositeType>(Object.values(OperationTypeNode).flatMap((operation) => schema.getRootType(operation) ?? []));
  const isKnown = document.definitions.every((each) => {
    if (each.kind !== Kind.OPERATION_DEFINITION) return true;
    return walk(each.selectionSet, schema.getRootType(each.operation) ?? undefined);
  });
  return isKnown ? below : undefined;

  /** False when a field is not in the schema. */
  function walk({ selections }: SelectionSetNode, parent: GraphQLCompositeType | undefined): boolean {
    return selections.every((selection) => {
      if (selection.kind === Kind.FIELD) {
        const { name, selectionSet } = selection;
        // Its objects are each known by their representation.
        if (name.value === '_entities' && selectionSet !== undefined) return walk(selectionSet, undefined);
        if (parent !== undefined && roots.has(parent)) below.add(parent.name);
        if (selectionSet === undefined) return true;
        const field = parent !== undefined && 'getFields' in parent ? parent.getFields()[name.value] : undefined;
        const type = field && getNamedType(field.type);
        if (type === undefined || !isCompositeType(type)) return false;
        for (const each of namesWithin(type)) below.add(each);
        return walk(selectionSet, type);
      }
      const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
      if (fragment === undefined) return false;
      const condition = fragment.typeCondition === undefined ? parent : schema.getType(fragment.typeCondition.name.value);
      return isCompositeType(condition) && walk(fragment.selectionSet, condition);
    });
  }

  function namesWithin({ name }: GraphQLCompositeType): Iterable<string> {
    return [...namesOf(name, schema)].flatMap((each) => [...namesOf(each, schema)]);
  }
}
