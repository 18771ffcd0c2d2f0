import { readFileSync } from 'node:fs';
import {
  buildSchema,
  getNamedType,
  isInputObjectType,
  isObjectType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLObjectType,
} from 'graphql';

/** The public schema, as it was composed of all subgraphs. */
const schema = buildSchema(readFileSync(new URL('../../schema/api.graphql', import.meta.url), 'utf8'));

export const rootTypes = ['Query', 'Mutation', 'Subscription'] as const;
export type RootType = (typeof rootTypes)[number];

/** Every object type but the roots. */
export function objectTypes(): readonly GraphQLObjectType[] {
  return Object.values(schema.getTypeMap()).filter(
    (type): type is GraphQLObjectType => isObjectType(type) && !type.name.startsWith('__') && !rootTypes.some((root) => root === type.name),
  );
}

export function fieldsOf(typeName: string): readonly GraphQLField<unknown, unknown>[] {
  const type = schema.getType(typeName);
  if (!isObjectType(type)) throw new Error(`The schema has no object type ${typeName}`);
  return Object.values(type.getFields());
}

/**
 * Paths of the arguments and input fields by which a root field can be told whom or what is meant, for example `input.userId`: every `ID`,
 * and what is named like an id, a name of a user, an address or a token.
 */
export function identifyingPaths(field: GraphQLField<unknown, unknown>): readonly string[] {
  return field.args.flatMap((argument) => pathsBelow(argument, []));
}

const identifyingName = /(^|[a-z])(ids?|identifier|usernames?|emails?|token)$/i;

function pathsBelow(input: GraphQLArgument | GraphQLInputField, parents: readonly string[]): readonly string[] {
  const type = getNamedType(input.type);
  const path = [...parents, input.name];
  if (isInputObjectType(type)) return Object.values(type.getFields()).flatMap((below) => pathsBelow(below, path));
  return type.name === 'ID' || identifyingName.test(input.name) ? [path.join('.')] : [];
}
