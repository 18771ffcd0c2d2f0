import {
  executeSync,
  GraphQLError,
  isAbstractType,
  Kind,
  visit,
  type DocumentNode,
  type FieldNode,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import type { OperationResult } from '../execution/operation-result.js';
import { freeName, responseNamesIn } from './response-names.js';
import { typedFields } from './typed-fields.js';

/** Makes the answer to a client's operation out of the one to what was planned instead of it. */
export type ToClient = (result: OperationResult, variables: Readonly<Record<string, unknown>>) => OperationResult;

/** `document` as `toClientShape` needs it: with the type of whatever could be one of several. */
export function withTypenames(schema: GraphQLSchema, document: DocumentNode): { document: DocumentNode; typenameKey: string } {
  const typenameKey = freeName('typename__of_gateway', responseNamesIn(document));
  const typename: FieldNode = {
    kind: Kind.FIELD,
    alias: { kind: Kind.NAME, value: typenameKey },
    name: { kind: Kind.NAME, value: '__typename' },
  };
  const places = new Set(typedFields(schema, document).flatMap(({ field, type }) => (isAbstractType(type) ? [field.selectionSet] : [])));
  const typed = visit(document, {
    SelectionSet(set) {
      return places.has(set) ? { ...set, selections: [...set.selections, typename] } : undefined;
    },
  });
  return { document: typed, typenameKey };
}

/** More are not told: the same field withheld from every item of a list says nothing new. */
const maximumErrors = 100;

/**
 * Reads the answer to what was planned as the answer to what the client wrote. It costs as much as executing an operation in a subgraph,
 * which few operations need.
 */
export function toClientShape(
  { data, errors }: OperationResult,
  client: {
    readonly schema: GraphQLSchema;
    readonly document: DocumentNode;
    readonly operationName: string | undefined;
    readonly variables: Readonly<Record<string, unknown>>;
    readonly typenameKey: string;
    plannedName(field: FieldNode, parent: GraphQLObjectType): string;
    /** Why it was not planned and is null; undefined when it was. */
    whyWithheld(field: FieldNode): GraphQLError | undefined;
    /** Response names of the client by those that were planned. */
    readonly clientNames: ReadonlyMap<string, string>;
    /** Whether the field of a planned response name was asked for of more objects than the client did. */
    isLifted(key: string): boolean;
  },
): OperationResult {
  if (data === undefined) return { data, errors: errors.map((error) => withClientPath(error, client.clientNames)) };
  const rootValue: unknown = JSON.parse(data);
  const fieldResolver: GraphQLFieldResolver<unknown, unknown> = (source, _args, _context, { fieldNodes, parentType }) => {
    for (const field of fieldNodes) {
      const reason = client.whyWithheld(field);
      if (reason !== undefined) throw reason;
    }
    const [field] = fieldNodes;
    return field === undefined ? undefined : ownValue(source, client.plannedName(field, parentType));
  };
  const shaped =
    rootValue === null
      ? { data: null }
      : executeSync({
          schema: client.schema,
          document: client.document,
          operationName: client.operationName,
          variableValues: client.variables,
          rootValue,
          fieldResolver,
          typeResolver: (source) => {
            const name = ownValue(source, client.typenameKey);
            return typeof name === 'string' ? name : undefined;
          },
        });
  return {
    data: JSON.stringify(shaped.data ?? null),
    errors: [
      ...errors.flatMap((error) => {
        const told = withClientPath(error, client.clientNames);
        const isLifted = error.path?.some((key) => typeof key === 'string' && client.isLifted(key)) === true;
        return isLifted && !isSelected(shaped.data, told.path ?? []) ? [] : [told];
      }),
      ...(shaped.errors ?? []).slice(0, maximumErrors),
    ],
  };
}

/** Whether the client asked for what is at the path, or for what is null on the way to it. */
function isSelected(data: unknown, path: readonly (string | number)[]): boolean {
  let value = data;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return true;
    if (!Object.hasOwn(value, key)) return false;
    value = Object.getOwnPropertyDescriptor(value, key)?.value;
  }
  return true;
}

function ownValue(source: unknown, key: string): unknown {
  if (typeof source !== 'object' || source === null) return undefined;
  return Object.getOwnPropertyDescriptor(source, key)?.value;
}

function withClientPath(error: GraphQLError, clientNames: ReadonlyMap<string, string>): GraphQLError {
  if (error.path === undefined || clientNames.size === 0) return error;
  return new GraphQLError(error.message, {
    path: error.path.map((key) => (typeof key === 'string' ? (clientNames.get(key) ?? key) : key)),
    originalError: error.originalError ?? null,
    extensions: error.extensions,
  });
}
