import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import type { Subgraph } from '../../shared/graphql/subgraph.js';
import { resolvers, typeDefs, type SubgraphName } from './subgraphs.js';

/** A subgraph of P1 as the product runs its own: in the gateway's process, or served by `serveSubgraph`. */
export function createProductSubgraph(name: SubgraphName): Subgraph {
  return {
    name,
    schema: buildSubgraphSchema({ typeDefs: parse(typeDefs[name]), resolvers: { ...resolvers[name] } }),
    createContext: () => Promise.resolve({}),
    ready: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
}
