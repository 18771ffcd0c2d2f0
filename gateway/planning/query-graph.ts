import type { CompositeType, Schema, SelectionSet } from '@apollo/federation-internals';
import type { QueryPlanner } from '@apollo/query-planner';

/** What is used of it, of `@apollo/query-graphs`. */
export interface QueryGraph {
  /** By the names of subgraphs. */
  readonly sources: ReadonlyMap<string, Schema>;
  allVertices(): Iterable<Vertex>;
  outEdges(vertex: Vertex, withEdgesToSelf: boolean): readonly Edge[];
}

interface Vertex {
  readonly source: string;
}

interface Edge {
  readonly head: Vertex;
  readonly tail: Vertex;
  readonly conditions?: SelectionSet | undefined;
  readonly requiredContexts: readonly { readonly selection: string }[];
  readonly overrideCondition?: { readonly label: string } | undefined;
  readonly transition: {
    readonly kind: string;
    /** Of a `FieldCollection`. */
    readonly definition?: { readonly name: string; readonly parent: CompositeType };
  };
}

/** What the planner knows of the subgraphs. Private in its types; its exact version is pinned, and what is found is checked. */
export function queryGraphOf(planner: QueryPlanner): QueryGraph {
  const graph: unknown = Reflect.get(planner, 'federatedQueryGraph');
  if (!isQueryGraph(graph)) throw unknownPlanner();
  return graph;
}

export function unknownPlanner(): Error {
  return new Error('This version of @apollo/query-planner keeps what it knows elsewhere');
}

function isQueryGraph(value: unknown): value is QueryGraph {
  return typeof value === 'object' && value !== null && 'allVertices' in value && 'outEdges' in value && 'sources' in value;
}
