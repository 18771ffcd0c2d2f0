import type { FetchNode, PlanNode, QueryPlan } from '@apollo/query-planner';
import { askedFields } from './asked-fields.js';
import { contextSources } from './context-sources.js';
import { fetchedPaths, insideAll } from './fetched-paths.js';
import type { QueryGraph } from './query-graph.js';

interface Ordered {
  readonly node: PlanNode;
  /** Paths of what it fetches. */
  readonly gives: ReadonlySet<string>;
  /** Paths of contexts that something else fetches. */
  readonly needs: ReadonlySet<string>;
}

/**
 * A fetch that needs a context waits for whoever fetches that: where two subgraphs are asked for what one field is told, the planner asks
 * for that field beside the second of them.
 */
export function awaitContexts(
  plan: QueryPlan,
  { graph, locate }: { readonly graph: Pick<QueryGraph, 'sources'>; readonly locate: (fetch: FetchNode) => FetchNode },
): QueryPlan {
  const { node } = plan;
  if (node === undefined) return plan;
  if (node.kind !== 'Subscription') return { ...plan, node: ordered(node, '').node };
  return node.rest === undefined ? plan : { ...plan, node: { ...node, rest: ordered(node.rest, '').node } };

  function ordered(each: PlanNode, place: string): Ordered {
    switch (each.kind) {
      case 'Fetch': {
        const fields = askedFields(each, place, graph.sources.get(each.serviceName));
        const fetch = locate(each);
        const needs = contextSources(fetch, place).flatMap(({ path }) => path ?? []);
        return { node: fetch, gives: new Set(fetchedPaths(each, place, fields)), needs: new Set(needs) };
      }
      case 'Flatten': {
        const inner = ordered(each.node, insideAll(place, each.path));
        return { ...inner, node: { ...each, node: inner.node } };
      }
      case 'Sequence': {
        const children = each.nodes.map((child) => ordered(child, place));
        return { ...together(children), node: { ...each, nodes: children.map((child) => child.node) } };
      }
      case 'Parallel': {
        const children = each.nodes.map((child) => ordered(child, place));
        return { ...together(children), node: inWaves(children) };
      }
      case 'Condition': {
        const [whenTrue, whenFalse] = [each.ifClause, each.elseClause].map((clause) => clause && ordered(clause, place));
        const clauses = [whenTrue, whenFalse].flatMap((clause) => clause ?? []);
        const node = { ...each, ...(whenTrue && { ifClause: whenTrue.node }), ...(whenFalse && { elseClause: whenFalse.node }) };
        return { ...together(clauses), node };
      }
      case 'Defer': {
        const part = <Part extends { node?: PlanNode }>(one: Part): Part =>
          one.node === undefined ? one : { ...one, node: ordered(one.node, place).node };
        return { node: { ...each, primary: part(each.primary), deferred: each.deferred.map(part) }, gives: new Set(), needs: new Set() };
      }
    }
  }
}

function together(parts: readonly Ordered[]): Omit<Ordered, 'node'> {
  const gives = new Set(parts.flatMap((part) => [...part.gives]));
  return { gives, needs: new Set(parts.flatMap((part) => [...part.needs]).filter((path) => !gives.has(path))) };
}

/** As they are where each waits for the other: the plan is then refused. */
function inWaves(children: readonly Ordered[]): PlanNode {
  const waves: PlanNode[] = [];
  let left = children;
  while (left.length > 0) {
    const ready = left.filter((child) => !left.some((other) => other !== child && areMeeting(child.needs, other.gives)));
    if (ready.length === 0) return parallel(children);
    waves.push(parallel(ready));
    left = left.filter((child) => !ready.includes(child));
  }
  const [only] = waves;
  return waves.length === 1 && only !== undefined ? only : { kind: 'Sequence', nodes: waves };
}

function parallel(children: readonly Ordered[]): PlanNode {
  const [only] = children;
  return children.length === 1 && only !== undefined ? only.node : { kind: 'Parallel', nodes: children.map(({ node }) => node) };
}

function areMeeting(some: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  return [...some].some((each) => others.has(each));
}
