import type { DocumentNode, GraphQLObjectType, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { BooleanVariables } from '../../../shared/graphql/documents/boolean-variables.js';
import type { JsonObject } from '../../../shared/json/json-object.js';
import { compileShape } from './compile-shape.js';
import { fragmentsOf } from '../../../shared/graphql/documents/fragments-of.js';
import { createIntrospect, type IntrospectionTexts } from './introspect.js';
import { nullText, type DeferredShape, type LaterPart, type Problem, type ShapingRun } from './shaping-run.js';

export interface Shaped {
  /** JSON text of `data`. */
  readonly text: string;
  readonly problems: readonly Problem[];
  /** What comes later, of objects that are in the text. */
  readonly later: readonly LaterPart[];
}

/** Writes what the client selected out of what the subgraphs answered. */
export type ShapeData = (data: JsonObject, variables: Readonly<Record<string, unknown>>) => Shaped;

export interface ShaperParts {
  /** What clients see. */
  readonly schema: GraphQLSchema;
  /** One for all operations of the schema. */
  readonly introspections: IntrospectionTexts;
  /** Labels of fragments that come later. */
  readonly deferred?: ReadonlySet<string> | undefined;
}

export interface OperationShaper {
  readonly root: GraphQLObjectType;
  /** The data of the operation. */
  readonly shape: ShapeData;
  /** A part of it that came later. */
  readonly shapePart: (part: DeferredShape, data: JsonObject, variables: Readonly<Record<string, unknown>>) => Shaped;
}

/** What `@include` and `@skip` select is compiled for so many combinations of variables; more are compiled each time. */
const keptShapes = 32;

export function createShaper(
  { schema, introspections, deferred }: ShaperParts,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  booleans: BooleanVariables,
): OperationShaper {
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
    const shape = compileShape({ schema, fragments, isTrue: (name) => trueNames.has(name), deferred }, root, operation.selectionSet);
    if (shapes.size < keptShapes) shapes.set(key, shape);
    return shape;
  }

  function write(writeShape: DeferredShape['write'], data: JsonObject, variables: Readonly<Record<string, unknown>>): Shaped {
    const run: ShapingRun = { notes: [], introspect: (nodes) => introspect(nodes, variables) };
    const text = writeShape(data, run);
    if (run.notes.length === 0) return { text: text ?? nullText, problems: noProblems, later: nothingLater };
    return {
      text: text ?? nullText,
      problems: run.notes.filter((note) => note.kind === 'problem'),
      later: text === undefined ? nothingLater : run.notes.filter((note) => note.kind === 'later'),
    };
  }

  return {
    root,
    shape: (data, variables) => write(shapeFor(variables), data, variables),
    shapePart: (part, data, variables) => write(part.write, data, variables),
  };
}

const noProblems: readonly Problem[] = [];
const nothingLater: readonly LaterPart[] = [];

function rootType(schema: GraphQLSchema, { operation }: OperationDefinitionNode): GraphQLObjectType {
  const type = schema.getRootType(operation);
  if (type === undefined || type === null) throw new Error(`The schema has no ${operation}`);
  return type;
}
