import type { Logger } from '../../shared/logging/logger.js';
import type { SubgraphDataSource } from './subgraph-data-source.js';

export interface HttpDataSourceOptions {
  readonly name: string;
  /** The subgraph's GraphQL endpoint, http or https; subscriptions use the same with ws or wss. */
  readonly url: string;
  /** Sent as `x-gateway-secret`; undefined for subgraphs of others, which know none. */
  readonly secret: string | undefined;
  readonly logger: Logger;
  /** For one request, in ms. */
  readonly timeoutMs?: number;
}

/** A subgraph over HTTP and `graphql-transport-ws`. */
export declare function createHttpDataSource(options: HttpDataSourceOptions): SubgraphDataSource;
