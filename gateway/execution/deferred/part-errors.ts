import type { GraphQLError } from 'graphql';
import type { ExecutionState } from '../execution-state.js';
import type { ErrorSelection, SelectedPlace } from '../selected-errors.js';

/**
 * Which errors a deferred fragment of an object is told with: those of its own fetches, and of those before it what is about this fragment,
 * since the planner lets one fetch bring what is deferred where there is no other way to it. Errors without a path are told with the first
 * object.
 */
export function partErrors(
  errors: { readonly own: readonly GraphQLError[]; readonly known: readonly GraphQLError[]; readonly isFirst: boolean },
  on: { readonly selection: ErrorSelection; readonly place: SelectedPlace; readonly variables: ExecutionState['variables'] },
): readonly GraphQLError[] {
  const { own, known, isFirst } = errors;
  const { selection, place, variables } = on;
  if (own.length === 0 && known.length === 0) return own;
  const at = place.path;
  const ofPart = own.filter(({ path }) => (path === undefined ? isFirst : startsWith(path, at)));
  const inherited = known.filter(({ path }) => path !== undefined && startsWith(path, at));
  const isFelt = inherited.some(({ path }) => path?.length === at.length) && selection.isMissingAny(place, variables);
  const before = inherited.filter(({ path }) => isFelt || path?.length !== at.length);
  return selection.select([...before, ...ofPart], place, variables);
}

function startsWith(path: readonly (string | number)[], start: readonly (string | number)[]): boolean {
  return start.length <= path.length && start.every((step, index) => path[index] === step);
}
