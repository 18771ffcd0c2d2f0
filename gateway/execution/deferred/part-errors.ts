import type { GraphQLError } from 'graphql';
import type { ExecutionState } from '../execution-state.js';
import type { ResponsePath } from '../places.js';
import type { ErrorSelection, SelectedPlace } from '../selected-errors.js';

/** Which errors a deferred fragment of an object is told with; `isFirst` of all that have it. */
export type PartErrors = (place: SelectedPlace, isFirst: boolean) => readonly GraphQLError[];

/**
 * Those of its own fetches, and of those before it what is about this fragment, since the planner lets one fetch bring what is deferred where
 * there is no other way to it. Errors without a path are told with the first object.
 */
export function createPartErrors(
  { own, known }: { readonly own: readonly GraphQLError[]; readonly known: readonly GraphQLError[] },
  selection: ErrorSelection,
  variables: ExecutionState['variables'],
): PartErrors {
  if (own.length === 0 && known.length === 0) return () => own;
  const unplaced = own.filter(({ path }) => path === undefined);
  const [ownWithin, knownWithin] = [indexByPlace(own), indexByPlace(known)];
  return (place, isFirst) => {
    const { path } = place;
    const inherited = knownWithin(path);
    const isAbout = (error: GraphQLError): boolean => error.path?.length === path.length;
    const isFelt = inherited.some(isAbout) && selection.isMissingAny(place, variables);
    const before = isFelt ? inherited : inherited.filter((error) => !isAbout(error));
    return selection.select([...before, ...(isFirst ? unplaced : []), ...ownWithin(path)], place, variables);
  };
}

/** Finds the errors at a place and within it. Each of thousands of objects may have one, and none looks through those of the others. */
function indexByPlace(errors: readonly GraphQLError[]): (place: ResponsePath) => readonly GraphQLError[] {
  const byDepth = new Map<number, Map<string, GraphQLError[]>>();

  function index(depth: number): Map<string, GraphQLError[]> {
    const found = new Map<string, GraphQLError[]>();
    for (const error of errors) {
      if (error.path === undefined || error.path.length < depth) continue;
      const key = JSON.stringify(error.path.slice(0, depth));
      const there = found.get(key);
      if (there === undefined) found.set(key, [error]);
      else there.push(error);
    }
    byDepth.set(depth, found);
    return found;
  }

  return (place) => (byDepth.get(place.length) ?? index(place.length)).get(JSON.stringify(place)) ?? [];
}
