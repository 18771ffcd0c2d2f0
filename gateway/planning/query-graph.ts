import type { CompositeType, Schema, SelectionSet } from '@apollo/federation-internals';
import type { QueryPlanner } from '@apollo/query-planner';

/** What is used of it, of `@apollo/query-graphs`. */
export interface QueryGraph {
  /** By the names of subgraphs. */
  readonly sources: ReadonlyMap<string, Schema>;
  /** With what is inaccessible to clients. */
  readonly schema: Schema;
  /** By names of subgraphs, the variables of arguments that `@fromContext` fills, by their coordinates. */
  readonly subgraphToArgIndices: ReadonlyMap<string, ReadonlyMap<string, string>>;
  allVertices(): Iterable<Vertex>;
  outEdges(vertex: Vertex, withEdgesToSelf: boolean): readonly Edge[];
}

/** Of a field, for one of its arguments. */
export interface RequiredContext {
  readonly subgraphName: string;
  /** Of the argument. */
  readonly coordinate: string;
  readonly selection: string;
  readonly typesWithContextSet: ReadonlySet<string>;
}

interface Vertex {
  readonly source: string;
}

interface Edge {
  readonly head: Vertex;
  readonly tail: Vertex;
  readonly conditions?: SelectionSet | undefined;
  readonly requiredContexts: readonly RequiredContext[];
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
  const used = ['allVertices', 'outEdges', 'sources', 'schema', 'subgraphToArgIndices'];
  return typeof value === 'object' && value !== null && used.every((name) => name in value);
}
