import type { FieldNode, GraphQLInterfaceType, GraphQLObjectType, SelectionSetNode } from 'graphql';
import type { JsonObject } from '../../../shared/json/json-object.js';

/** Something in the data that cannot be shown. */
export interface Problem {
  readonly kind: 'problem';
  readonly message: string;
  /** From the leaf to the root: whoever holds the value adds where it is. */
  readonly path: (string | number)[];
  /** A null where none may be: not told when an error of a subgraph explains it. */
  readonly isNull: boolean;
}

/** An object with a fragment that comes later. */
export interface LaterPart {
  readonly kind: 'later';
  readonly part: DeferredShape;
  /** As that of a problem. */
  readonly path: (string | number)[];
}

/** How a fragment is written that is told later. */
export interface DeferredShape {
  readonly label: string;
  /** Of the object that it is a part of, as far as it was known. */
  readonly type: GraphQLObjectType | GraphQLInterfaceType;
  readonly selectionSet: SelectionSetNode;
  readonly write: (data: JsonObject, run: ShapingRun) => string | undefined;
}

/** What is said of a place in the data beside the data. */
export type Note = Problem | LaterPart;

/** One result that is being written. */
export interface ShapingRun {
  readonly notes: Note[];
  /** JSON text of an introspection field of the root. */
  readonly introspect: (nodes: readonly FieldNode[]) => string;
}

/** JSON text of a value; undefined when it must be null where none may be, so that the object or list around it is null. */
export type Write = (value: unknown, run: ShapingRun) => string | undefined;

export const nullText = 'null';

/** Adds to the paths of the notes that came since there were `before`. */
export function addStep(run: ShapingRun, before: number, step: string | number): void {
  for (let index = before; index < run.notes.length; index += 1) run.notes[index]?.path.push(step);
}

/** A problem of a value, whose path begins here. */
export function tellProblem(run: ShapingRun, message: string, isNull: boolean): void {
  run.notes.push({ kind: 'problem', message, path: [], isNull });
}

/** Forgets what would come later, among the notes that came since there were `before`: an object around it is null. */
export function dropLater({ notes }: ShapingRun, before: number): void {
  const kept = notes.splice(before).filter(({ kind }) => kind !== 'later');
  notes.push(...kept);
}
