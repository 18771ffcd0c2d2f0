import { federationMetadata } from '@apollo/federation-internals';
import type { QueryGraph } from './query-graph.js';

/**
 * Forgets keys with `resolvable: false` of types that have another. When it comes back to a subgraph with what a `@requires` wanted, the
 * planner takes the first key of the type, also one by which the subgraph has just said that it cannot find anything. What such keys are
 * good for, leaving the subgraph, is in the graph's edges already.
 */
export function forgetUnresolvableKeys(graph: QueryGraph): void {
  for (const schema of graph.sources.values()) {
    const metadata = federationMetadata(schema);
    if (metadata === undefined) continue;
    const keyDirective = metadata.keyDirective();
    for (const type of [...schema.objectTypes(), ...schema.interfaceTypes()]) {
      const keys = [...type.appliedDirectivesOf(keyDirective)];
      const unresolvable = keys.filter((key) => key.arguments().resolvable === false);
      if (unresolvable.length < keys.length) for (const key of unresolvable) key.remove();
    }
  }
}
