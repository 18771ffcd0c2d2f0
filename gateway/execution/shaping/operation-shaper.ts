import type { DocumentNode, GraphQLObjectType, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { BooleanVariables } from '../boolean-variables.js';
import type { JsonObject } from '../../datasources/json.js';
import { compileShape } from './compile-shape.js';
import { fragmentsOf } from './fragments-of.js';
import { createIntrospect, type IntrospectionTexts } from './introspect.js';
import type { Problem } from './shaping-run.js';

export interface Shaped {
  /** JSON text of `data`. */
  readonly text: string;
  readonly problems: readonly Problem[];
}

/** Writes what the client selected out of what the subgraphs answered. */
export type ShapeData = (data: JsonObject, variables: Readonly<Record<string, unknown>>) => Shaped;

export interface ShaperParts {
  /** What clients see. */
  readonly schema: GraphQLSchema;
  /** One for all operations of the schema. */
  readonly introspections: IntrospectionTexts;
}

/** What `@include` and `@skip` select is compiled for so many combinations of variables; more are compiled each time. */
const keptShapes = 32;

export function createShaper(
  { schema, introspections }: ShaperParts,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  booleans: BooleanVariables,
): ShapeData {
  const root = rootType(schema, operation);
  const fragments = fragmentsOf(document);
  const introspect = createIntrospect(schema, introspections, { document, operation });
  const shapes = new Map<string, ReturnType<typeof compileShape>>();

  function shapeFor(variables: Readonly<Record<string, unknown>>): ReturnType<typeof compileShape> {
    const key = booleans.selectionKey(variables);
    const known = shapes.get(key);
    if (known !== undefined) return known;
    // Types below are compiled later, for other requests with the same key: the variables themselves are not kept, which may be large.
    const trueNames = booleans.trueNames(variables);
    const shape = compileShape({ schema, fragments, isTrue: (name) => trueNames.has(name) }, root, operation.selectionSet);
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
