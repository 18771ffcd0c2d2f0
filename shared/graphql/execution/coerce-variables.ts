import {
  isInputType,
  isLeafType,
  isListType,
  isNonNullType,
  typeFromAST,
  type GraphQLInputType,
  type GraphQLSchema,
  type VariableDefinitionNode,
} from 'graphql';

type Variables = Readonly<Record<string, unknown>>;

/** Values of the variables; undefined for what has to be looked at by graphql: what is wrong, input objects, one instead of a list, and defaults. */
export type CoerceQuickly = (given: Variables) => Variables | undefined;

type Coerce = (value: unknown) => unknown;

/** `getVariableValues` for what variables mostly are, a few times faster. */
export function prepareCoercion(schema: GraphQLSchema, definitions: readonly VariableDefinitionNode[]): CoerceQuickly {
  const variables = definitions.map(({ variable, type: node, defaultValue }) => {
    const type = typeFromAST(schema, node);
    return {
      name: variable.name.value,
      mayBeMissing: defaultValue === undefined && isInputType(type) && !isNonNullType(type),
      coerce: isInputType(type) ? coercerOf(type) : never,
    };
  });

  return (given) => {
    const values: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    for (const { name, mayBeMissing, coerce } of variables) {
      if (!Object.hasOwn(given, name)) {
        if (!mayBeMissing) return undefined;
        continue;
      }
      const value = coerce(given[name]);
      if (value === undefined) return undefined;
      values[name] = value;
    }
    return values;
  };
}

const never: Coerce = () => undefined;

/** Gives undefined where it does not know. */
function coercerOf(type: GraphQLInputType): Coerce {
  if (isNonNullType(type)) {
    const coerce = coercerOf(type.ofType);
    return (value) => (value === null ? undefined : coerce(value));
  }
  if (isListType(type)) return listCoercer(coercerOf(type.ofType));
  if (!isLeafType(type)) return never;
  return (value) => {
    if (value === null) return null;
    try {
      return type.parseValue(value) as unknown;
    } catch {
      return undefined;
    }
  };
}

function listCoercer(coerce: Coerce): Coerce {
  return (value) => {
    if (value === null) return null;
    if (!Array.isArray(value)) return undefined;
    const items: unknown[] = [];
    for (const each of value) {
      const item = coerce(each);
      if (item === undefined) return undefined;
      items.push(item);
    }
    return items;
  };
}
