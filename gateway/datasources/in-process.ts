import type { Subgraph } from '../../shared/graphql/subgraph.js';
import type { Logger } from '../../shared/logging/logger.js';
import type { SubgraphDataSource } from './subgraph-data-source.js';

/** A subgraph of this process, asked without a network but with the same result as over HTTP. Does not close the subgraph. */
export declare function createInProcessDataSource(options: { readonly subgraph: Subgraph; readonly logger: Logger }): SubgraphDataSource;
