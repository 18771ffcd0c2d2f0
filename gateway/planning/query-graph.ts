import type { QueryGraph } from '@apollo/query-graphs';
import type { QueryPlanner } from '@apollo/query-planner';

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
