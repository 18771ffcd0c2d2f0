import type { FieldNode } from 'graphql';

/** Something in the data that cannot be shown. */
export interface Problem {
  readonly message: string;
  /** From the leaf to the root: whoever holds the value adds where it is. */
  readonly path: (string | number)[];
  /** A null where none may be: not told when an error of a subgraph explains it. */
  readonly isNull: boolean;
}

/** One result that is being written. */
export interface ShapingRun {
  readonly problems: Problem[];
  /** JSON text of an introspection field of the root. */
  readonly introspect: (nodes: readonly FieldNode[]) => string;
}

/** JSON text of a value; undefined when it must be null where none may be, so that the object or list around it is null. */
export type Write = (value: unknown, run: ShapingRun) => string | undefined;

export const nullText = 'null';

/** Adds to the paths of the problems that came since there were `before`. */
export function addStep(run: ShapingRun, before: number, step: string | number): void {
  for (let index = before; index < run.problems.length; index += 1) run.problems[index]?.path.push(step);
}
