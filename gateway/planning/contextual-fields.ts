import { isInterfaceType, isObjectType, isUnionType } from '@apollo/federation-internals';
import { unknownPlanner, type QueryGraph, type RequiredContext } from './query-graph.js';

/** An argument that `@fromContext` fills. */
export interface ContextualArgument {
  /** By which name the planner gives it its value. */
  readonly variable: string;
  /** Whether its value is of the nearest object of such a type. */
  readonly isSetBy: (type: { readonly name: string }) => boolean;
}

/** Fields with arguments that `@fromContext` fills. */
export interface ContextualFields {
  /** Names that no operation may use for variables of its own. */
  readonly variables: ReadonlySet<string>;
  /** Of a field of a subgraph. */
  argumentsOf(subgraph: string, typeName: string, fieldName: string): readonly ContextualArgument[];
  /** Of a field in all subgraphs. */
  argumentsAnywhere(typeName: string, fieldName: string): readonly ContextualArgument[];
}

const none: readonly ContextualArgument[] = [];

export function readContextualFields(graph: QueryGraph): ContextualFields {
  const byField = new Map<string, readonly ContextualArgument[]>();
  const subgraphs = [...graph.subgraphToArgIndices.keys()];
  for (const vertex of graph.allVertices()) {
    for (const { requiredContexts, transition, head } of graph.outEdges(vertex, true)) {
      const { definition } = transition;
      if (definition === undefined || requiredContexts.length === 0) continue;
      byField.set(`${head.source} ${definition.parent.name}.${definition.name}`, requiredContexts.map(toArgument));
    }
  }
  const argumentsOf: ContextualFields['argumentsOf'] = (subgraph, typeName, fieldName) =>
    byField.get(`${subgraph} ${typeName}.${fieldName}`) ?? none;
  return {
    argumentsOf,
    argumentsAnywhere: (typeName, fieldName) => subgraphs.flatMap((subgraph) => argumentsOf(subgraph, typeName, fieldName)),
    variables: new Set([...graph.subgraphToArgIndices.values()].flatMap((variables) => [...variables.values()])),
  };

  function toArgument({ subgraphName, coordinate, typesWithContextSet }: RequiredContext): ContextualArgument {
    const variable = graph.subgraphToArgIndices.get(subgraphName)?.get(coordinate);
    if (variable === undefined) throw unknownPlanner();
    return { variable, isSetBy: ({ name }) => namesOf(name).some((each) => typesWithContextSet.has(each)) };
  }

  /** Of a type, and of what it is by that. */
  function namesOf(name: string): readonly string[] {
    const type = graph.schema.type(name);
    if (type === undefined || !(isObjectType(type) || isInterfaceType(type))) return [name];
    const unions = graph.schema.unionTypes().filter((union) => isUnionType(union) && union.types().some((member) => member.name === name));
    return [name, ...[...type.interfaces(), ...unions].map((each) => each.name)];
  }
}
