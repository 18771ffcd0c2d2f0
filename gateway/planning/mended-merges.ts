import { MapWithCachedArrays } from '@apollo/federation-internals';
import type { QueryPlanner } from '@apollo/query-planner';
import { unknownPlanner } from './query-graph.js';

export type BuildPlan = QueryPlanner['buildQueryPlan'];

/** What is used of the class `FetchGroup`, which the planner exports to nobody: a fetch, while a plan is in the making. */
interface FetchGroup {
  readonly parents: () => readonly { readonly group: FetchGroup }[];
  readonly isDescendantOf: (other: FetchGroup) => boolean;
  readonly canMergeChildIn: (child: FetchGroup) => boolean;
}

const isMended = Symbol('mended');

/**
 * Plans without a fault of the planner: to fulfil a `@requires` it would ask for a field that has a requirement of its own together with
 * the entity, before what that field requires was fetched. A fetch is merged into another of its subgraph only when all that it has to
 * wait for comes before that one as well.
 */
export function mendMerges(planner: QueryPlanner): BuildPlan {
  let isKnown = false;
  return (operation, options) => {
    if (isKnown) return planner.buildQueryPlan(operation, options);
    const { result: plan, hasSeen } = whileWatchingGroups(mend, () => planner.buildQueryPlan(operation, options));
    if (plan.node !== undefined && !hasSeen) throw unknownPlanner();
    isKnown = hasSeen;
    return plan;
  };
}

function mend(seen: FetchGroup): void {
  const prototype = Object.getPrototypeOf(seen) as FetchGroup;
  if (Object.hasOwn(prototype, isMended)) return;
  const { canMergeChildIn } = prototype;
  const mended = function (this: FetchGroup, child: FetchGroup): boolean {
    return canMergeChildIn.call(this, child) && child.parents().every(({ group }) => group === this || this.isDescendantOf(group));
  };
  Object.defineProperties(prototype, { canMergeChildIn: { value: mended }, [isMended]: { value: true } });
}

/** Every plan begins by putting its first fetches into such a map, before any is merged. Nothing else runs meanwhile: it is synchronous. */
function whileWatchingGroups<T>(see: (group: FetchGroup) => void, build: () => T): { readonly result: T; readonly hasSeen: boolean } {
  const map: { set: (this: unknown, key: unknown, value: unknown) => unknown } = MapWithCachedArrays.prototype;
  const { set } = map;
  const seen: FetchGroup[] = [];
  map.set = function (key, value) {
    if (isFetchGroup(value)) {
      seen.push(value);
      see(value);
    }
    return set.call(this, key, value);
  };
  try {
    return { result: build(), hasSeen: seen.length > 0 };
  } finally {
    map.set = set;
  }
}

function isFetchGroup(value: unknown): value is FetchGroup {
  const methods = ['parents', 'isDescendantOf', 'canMergeChildIn'];
  return typeof value === 'object' && value !== null && methods.every((name) => typeof Reflect.get(value, name) === 'function');
}
