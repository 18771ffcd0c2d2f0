import { isAbstractType, possibleRuntimeTypes, type NamedType, type Schema, type Selection } from '@apollo/federation-internals';
import type { BuildPlan } from './mended-merges.js';
import { unknownPlanner } from './query-graph.js';

/** What is used of the ways that the planner has to one selection: each may go through several subgraphs. */
interface Way {
  readonly paths: readonly Path[];
}

interface Path {
  readonly tail: { readonly type: NamedType };
  tailPossibleRuntimeTypes(): readonly NamedType[];
  subgraphJumps(): number;
}

type Branch = [Selection, readonly Way[]];

/** The planner shows it what it is going to plan, before anything is planned. */
interface Estimation {
  [shown](branches: Branch[], state: unknown, supergraph: Schema, partialTypes: ReadonlySet<string>, ...more: unknown[]): boolean;
}

const shown = 'checkNonLocalSelectionsLimitExceededAtRoot';

/**
 * Where several subgraphs can be asked for a field and one of them does not know all the types of its objects, the planner leaves out
 * what is selected of the others, also where it asks the subgraph that knows them: those fields were null, without an error. Here the
 * subgraph that is the nearest is asked for all types that it knows, and ways through one that does not know a type are none to it. An
 * operation that cannot be planned so is planned as before: composition promises nothing of what only some of the subgraphs know.
 */
export function keepPartialTypes(graph: object, buildPlan: BuildPlan): BuildPlan {
  const estimation: unknown = Reflect.get(graph, 'nonLocalSelectionsMetadata');
  if (!isEstimation(estimation)) throw unknownPlanner();
  const show = estimation[shown].bind(estimation);
  let hasKept = false;
  let isKeeping = false;
  estimation[shown] = (branches, state, supergraph, partialTypes, ...more) => {
    if (isKeeping && partialTypes.size > 0) branches.pop = () => takeLast(branches, supergraph);
    return show(branches, state, supergraph, partialTypes, ...more);
  };

  function takeLast(branches: Branch[], supergraph: Schema): Branch | undefined {
    const branch = Array.prototype.pop.call(branches) as Branch | undefined;
    if (branch === undefined) return undefined;
    const [selection, ways] = branch;
    const kept = waysToType(selection, ways, supergraph);
    hasKept ||= kept.length < ways.length;
    return [selection, kept];
  }

  function keeping<T>(build: () => T): T {
    isKeeping = true;
    hasKept = false;
    try {
      return build();
    } finally {
      isKeeping = false;
    }
  }

  return (operation, options) => {
    try {
      const plan = keeping(() => buildPlan(operation, options));
      if (plan.node !== undefined || !hasKept) return plan;
    } catch (error) {
      if (!hasKept) throw error;
    }
    return buildPlan(operation, options);
  };
}

/** Those by which objects of the type of a fragment can be met; all, where by the nearest none can. */
function waysToType({ element }: Selection, ways: readonly Way[], supergraph: Schema): readonly Way[] {
  if (element.kind !== 'FragmentElement' || element.typeCondition === undefined || ways.length < 2) return ways;
  const type = supergraph.type(element.typeCondition.name);
  if (type === undefined || !(isAbstractType(type) || type.kind === 'ObjectType')) return ways;
  const names = new Set(possibleRuntimeTypes(type).map(({ name }) => name));
  const leading = ways.filter(({ paths }) => paths.some((path) => canMeet(path, names)));
  const jumps = Math.min(...ways.map(jumpsOf));
  return ways.every((way) => jumpsOf(way) > jumps || leading.includes(way)) ? leading : ways;
}

function canMeet(path: Path, names: ReadonlySet<string>): boolean {
  return !isAbstractType(path.tail.type) || path.tailPossibleRuntimeTypes().some(({ name }) => names.has(name));
}

function jumpsOf({ paths }: Way): number {
  return Math.max(...paths.map((path) => path.subgraphJumps()));
}

function isEstimation(value: unknown): value is Estimation {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, shown) === 'function';
}
