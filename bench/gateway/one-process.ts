/** P1's supergraph with its subgraphs in the gateway's process, as all-in-one.ts does it. `tsx one-process.ts <supergraph> <port>`. */
import { join } from 'node:path';
import { createRevocations } from '../../shared/auth/revocations.js';
import { projectRoot } from '../../shared/config/project-root.js';
import { createLogger } from '../../shared/logging/logger.js';
import { readGatewayConfig } from '../../gateway/config/gateway-config.js';
import { createInProcessDataSource } from '../../gateway/datasources/in-process/in-process-data-source.js';
import { createSupergraph } from '../../gateway/supergraph/supergraph.js';
import { createGateway } from '../../gateway/gateway.js';
import { createProductSubgraph } from './product-subgraph.js';
import { subgraphNames } from './subgraphs.js';

const [, , path = '', port = ''] = process.argv;
const logger = createLogger({ name: 'bench', level: 'error' });
const subgraphs = new Map<string, ReturnType<typeof createProductSubgraph>>(
  subgraphNames.map((name) => [name, createProductSubgraph(name)]),
);
const supergraph = await createSupergraph({
  path,
  dataSource({ name }) {
    const subgraph = subgraphs.get(name);
    if (subgraph === undefined) throw new Error('it is none of P1');
    return createInProcessDataSource({ subgraph, logger });
  },
  logger,
});
const gateway = await createGateway({
  config: readGatewayConfig({ SUPERGRAPH_PATH: path, PORT: port }),
  supergraph,
  accessTokens: null,
  revocations: createRevocations(),
  jwks: null,
  ready: () => Promise.resolve([]),
  routes: [],
  pageFolder: join(projectRoot, 'dist', 'graphiql'),
  logger,
});
await gateway.listen();
