import { MapWithCachedArrays } from '@apollo/federation-internals';
import type { QueryPlanner } from '@apollo/query-planner';
import { unknownPlanner } from './query-graph.js';

export type BuildPlan = QueryPlanner['buildQueryPlan'];

/** What is used of the class `FetchGroup`, which the planner exports to nobody: a fetch, while a plan is in the making. */
interface FetchGroup {
  readonly parents: () => readonly Parent[];
  readonly isDescendantOf: (other: FetchGroup) => boolean;
  readonly addParent: (parent: Parent) => void;
  readonly canMergeChildIn: (child: FetchGroup) => boolean;
  readonly mergeInWithAllDependencies: (other: FetchGroup) => void;
}

interface Parent {
  readonly group: FetchGroup;
}

const used = ['parents', 'isDescendantOf', 'addParent', 'canMergeChildIn', 'mergeInWithAllDependencies'] as const;

const isMended = Symbol('mended');

/**
 * Plans without faults of the planner at putting fetches together. To fulfil a `@requires` it asks for a field that has a requirement of
 * its own too early, together with the entity; and of two fetches that need the same, one of which waits for the other, it makes one that
 * waits for itself, and then looks for its way around that circle until the process dies of it.
 */
export function mendMerges(planner: Pick<QueryPlanner, 'buildQueryPlan'>): BuildPlan {
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
  const { addParent, canMergeChildIn, mergeInWithAllDependencies } = prototype;
  const mended: ThisType<FetchGroup> & Pick<FetchGroup, 'addParent' | 'canMergeChildIn' | 'mergeInWithAllDependencies'> = {
    /** Only into what comes after all that the child has to wait for. */
    canMergeChildIn(child) {
      return canMergeChildIn.call(this, child) && child.parents().every(({ group }) => group === this || this.isDescendantOf(group));
    },
    mergeInWithAllDependencies(other) {
      if (!this.isDescendantOf(other)) mergeInWithAllDependencies.call(this, other);
    },
    addParent(parent) {
      if (parent.group === this) return;
      if (parent.group.isDescendantOf(this)) throw new Error('The fetches of this plan would wait for each other');
      addParent.call(this, parent);
    },
  };
  Object.assign(prototype, mended);
  Object.defineProperty(prototype, isMended, { value: true });
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
  return typeof value === 'object' && value !== null && used.every((name) => typeof Reflect.get(value, name) === 'function');
}
