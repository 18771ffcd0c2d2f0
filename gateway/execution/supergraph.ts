import type { GraphQLSchema } from 'graphql';
import type { GatewayInterface, GatewayExecutor } from '@apollo/server-gateway-interface';
import type { Logger } from '../../shared/logging/logger.js';
import type { SubgraphDataSource } from '../datasources/subgraph-data-source.js';

export interface SupergraphOptions {
  /** File with a Federation 2 supergraph. */
  readonly path: string;
  /** How to reach a subgraph that the supergraph names; asked once per name and URL. */
  readonly dataSource: (service: { readonly name: string; readonly url: string }) => SubgraphDataSource;
  readonly logger: Logger;
}

/** The supergraph that is served, and all that came out of it. A new value replaces it when the file changes. */
export interface SupergraphGeneration {
  /** SHA-256 of the supergraph, as hex. */
  readonly id: string;
  /** The API schema, which clients see. */
  readonly schema: GraphQLSchema;
  readonly services: ReadonlyMap<string, SubgraphDataSource>;
}

export interface Supergraph {
  /** For `new ApolloServer({ gateway })`. */
  readonly gateway: GatewayInterface;
  /** Runs queries and mutations, always on the current generation. */
  readonly executor: GatewayExecutor;
  current(): SupergraphGeneration;
  /** Calls `listener` with each new generation from now on. Returns a function that stops it. */
  onChange(listener: (generation: SupergraphGeneration) => void): () => void;
  close(): Promise<void>;
}

/** Loads the supergraph at `path` and follows the file; a change that cannot be used is logged and the old supergraph stays. */
export declare function createSupergraph(options: SupergraphOptions): Promise<Supergraph>;
