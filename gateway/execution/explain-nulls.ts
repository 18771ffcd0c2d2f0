import { GraphQLError } from 'graphql';
import type { ExecutionState } from './execution-state.js';
import type { ResponsePath } from './places.js';
import type { Problem } from './shaping/shaping-run.js';

/** Errors that a client is told, and what else explains nulls. */
interface Explanations extends Pick<ExecutionState, 'unexplained'> {
  readonly errors: readonly GraphQLError[];
  /** Where what was written is; the root by default. */
  readonly path?: ResponsePath;
}

/**
 * What a client is told of data that could not be shown. A null in a non-null place has its own error only where no error of a subgraph
 * explains it, at its path, around it or below it: one field has one error.
 */
export function problemErrors(problems: readonly Problem[], { errors, unexplained, path: above = [] }: Explanations): GraphQLError[] {
  let explained: readonly ResponsePath[] | undefined;
  const told: GraphQLError[] = [];
  for (const { message, path, isNull } of problems) {
    const at = [...above, ...path.toReversed()];
    if (isNull) {
      explained ??= [
        ...errors.flatMap((error) => (error.path === undefined ? [] : [error.path])),
        ...unexplained.flatMap((paths) => paths()),
      ];
      if (explained.some((other) => isWithin(at, other))) continue;
    }
    told.push(new GraphQLError(message, { path: at, extensions: { code: 'INTERNAL_SERVER_ERROR' } }));
  }
  return told;
}

/** Whether one of the two is the other or around it. */
function isWithin(path: ResponsePath, other: ResponsePath): boolean {
  const length = Math.min(path.length, other.length);
  for (let index = 0; index < length; index += 1) if (path[index] !== other[index]) return false;
  return true;
}
