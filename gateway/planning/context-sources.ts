import type { FetchNode } from '@apollo/query-planner';
import { insideAll } from './fetched-paths.js';

/** Where the value of an argument is read that `@fromContext` fills. */
export interface ContextSource {
  readonly variable: string;
  /** Place of the object that sets the context; undefined when it would be above the root. */
  readonly place: string | undefined;
  /** Of the value; undefined when there is none. */
  readonly path: string | undefined;
}

/** Of a fetch at `place`. A plan says how many objects up it is, and what is there: `.. .. ... on Book title`. */
export function contextSources({ contextRewrites = [] }: FetchNode, place: string): readonly ContextSource[] {
  return contextRewrites.map(({ path, renameKeyTo }) => {
    const levels = path.filter((step) => step === '..').length;
    const above = placeAbove(place, levels);
    return { variable: renameKeyTo, place: above, path: above === undefined ? undefined : insideAll(above, path.slice(levels)) };
  });
}

export function placeAbove(place: string, levels: number): string | undefined {
  const keys = place === '' ? [] : place.split('.');
  return levels > keys.length ? undefined : keys.slice(0, keys.length - levels).join('.');
}
