import { PathTree } from '@apollo/query-graphs';
import { unknownPlanner } from './query-graph.js';

/** What is used of the class: the ways to what a plan fetches, put together. */
interface Tree {
  /** What is fetched where no way leads further. */
  readonly localSelections: readonly unknown[] | undefined;
  merge: (other: Tree) => Tree;
  equalsSameRoot: (other: Tree) => boolean;
}

const isMended = Symbol('mended');

/**
 * Two contexts that lie below the same field of another subgraph: of the trees with the ways to them the planner forgets what one of them
 * is to fetch in the end.
 */
export function mendPathTrees(): void {
  const prototype: unknown = PathTree.prototype;
  if (!isTree(prototype)) throw unknownPlanner();
  if (Object.hasOwn(prototype, isMended)) return;
  const { merge, equalsSameRoot } = prototype;
  const mended: ThisType<Tree> & Pick<Tree, 'merge' | 'equalsSameRoot'> = {
    merge(other) {
      const merged = merge.call(this, other);
      if (merged === this) return other === this ? this : withSelections(this, other.localSelections);
      return merged === other ? withSelections(other, this.localSelections) : merged;
    },
    equalsSameRoot(other) {
      return equalsSameRoot.call(this, other) && haveSame(this.localSelections ?? [], other.localSelections ?? []);
    },
  };
  Object.assign(prototype, mended);
  Object.defineProperty(prototype, isMended, { value: true });
}

function withSelections(tree: Tree, more: readonly unknown[] = []): Tree {
  const { localSelections = [] } = tree;
  const added = more.filter((each) => !localSelections.includes(each));
  if (added.length === 0) return tree;
  const own = { ...Object.getOwnPropertyDescriptors(tree), localSelections: { value: [...localSelections, ...added], enumerable: true } };
  return Object.create(PathTree.prototype, own) as Tree;
}

function haveSame(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some.length === others.length && some.every((each) => others.includes(each));
}

function isTree(value: unknown): value is Tree {
  const methods = ['merge', 'equalsSameRoot'];
  return typeof value === 'object' && value !== null && methods.every((name) => typeof Reflect.get(value, name) === 'function');
}
