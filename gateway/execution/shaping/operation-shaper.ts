import {
  Kind,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import type { BooleanVariables } from '../boolean-variables.js';
import type { JsonObject } from '../json.js';
import { compileShape } from './compile-shape.js';
import { createIntrospect } from './introspect.js';
import type { Problem } from './shaping-run.js';

export interface Shaped {
  /** JSON text of `data`. */
  readonly text: string;
  readonly problems: readonly Problem[];
}

/** Writes what the client selected out of what the subgraphs answered. */
export type ShapeData = (data: JsonObject, variables: Readonly<Record<string, unknown>>) => Shaped;

/** What `@include` and `@skip` select is compiled for so many combinations of variables; more are compiled each time. */
const keptShapes = 32;

export function createShaper(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  booleans: BooleanVariables,
): ShapeData {
  const root = rootType(schema, operation);
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const introspect = createIntrospect(schema, document, operation);
  const shapes = new Map<string, ReturnType<typeof compileShape>>();

  function shapeFor(variables: Readonly<Record<string, unknown>>): ReturnType<typeof compileShape> {
    const key = booleans.selectionKey(variables);
    const known = shapes.get(key);
    if (known !== undefined) return known;
    // Types below are compiled later, maybe for other requests with the same key.
    const isTrue = (name: string): boolean => booleans.isTrue(variables, name);
    const shape = compileShape({ schema, fragments, isTrue }, root, operation.selectionSet);
    if (shapes.size < keptShapes) shapes.set(key, shape);
    return shape;
  }

  return (data, variables) => {
    const problems: Problem[] = [];
    const text = shapeFor(variables)(data, { problems, introspect: (nodes) => introspect(nodes, variables) });
    return { text: text ?? 'null', problems };
  };
}

function rootType(schema: GraphQLSchema, { operation }: OperationDefinitionNode): GraphQLObjectType {
  const type = schema.getRootType(operation);
  if (type === undefined || type === null) throw new Error(`The schema has no ${operation}`);
  return type;
}
