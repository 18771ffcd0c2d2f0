import { runSubgraphProcess } from '../../shared/graphql/subgraph-process.js';
import { createUsersSubgraph } from './subgraph.js';

runSubgraphProcess({
  name: 'users',
  environment: process.env,
  // Nothing but what every subgraph needs.
  readConfig: () => ({}),
  create: async ({ database, bus, accessTokens, logger }) => ({
    subgraph: await createUsersSubgraph({ database, bus, accessTokens, logger }),
  }),
});
