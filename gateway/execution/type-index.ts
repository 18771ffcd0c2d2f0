import { isAbstractType, isInterfaceType, isObjectType, type GraphQLSchema } from 'graphql';

/** What executing a plan wants to know of the types of a supergraph, with those that clients do not see. */
export interface TypeIndex {
  readonly objectTypes: ReadonlySet<string>;
  isKnown(name: string): boolean;
  /** Names of the types that a condition `... on name` lets through. */
  typesWithin(name: string): ReadonlySet<string>;
}

export function createTypeIndex(schema: GraphQLSchema): TypeIndex {
  const types = Object.values(schema.getTypeMap());
  const known = new Map<string, ReadonlySet<string>>();
  return {
    isKnown: (name) => schema.getType(name) !== undefined,
    objectTypes: new Set(types.filter(isObjectType).map(({ name }) => name)),
    typesWithin(name) {
      const within = known.get(name) ?? findTypesWithin(name);
      known.set(name, within);
      return within;
    },
  };

  function findTypesWithin(name: string): ReadonlySet<string> {
    const condition = schema.getType(name);
    if (condition === undefined || !isAbstractType(condition)) return new Set([name]);
    const below = types.filter((type) => (isObjectType(type) || isInterfaceType(type)) && schema.isSubType(condition, type));
    return new Set([name, ...below.map((type) => type.name)]);
  }
}
