/** One of P1's subgraphs in a process of its own, served as the product serves its own. `tsx served-subgraph.ts <name> <port>`, with GATEWAY_SECRET. */
import { serveSubgraph } from '../../shared/graphql/subgraph-server.js';
import { createLogger } from '../../shared/logging/logger.js';
import { createProductSubgraph } from './product-subgraph.js';
import { subgraphNames } from './subgraphs.js';

const name = subgraphNames.find((each) => each === process.argv[2]);
if (name === undefined) throw new Error(`no subgraph ${String(process.argv[2])}`);
await serveSubgraph({
  subgraph: createProductSubgraph(name),
  host: '127.0.0.1',
  port: Number(process.argv[3]),
  gatewaySecret: process.env.GATEWAY_SECRET ?? '',
  logger: createLogger({ name, level: 'error' }),
});
