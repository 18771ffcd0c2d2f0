import { runSubgraphProcess } from '../../shared/graphql/subgraph-process.js';
import { readUsersConfig } from './config.js';
import { createUsersSubgraph } from './subgraph.js';

runSubgraphProcess({
  name: 'users',
  environment: process.env,
  readConfig: readUsersConfig,
  create: async ({ environment: { redisUrl }, config, database, bus, accessTokens, rateLimits, logger }) => {
    const userEvents = redisUrl === undefined ? null : { redisUrl, maxLength: config.userEventsMaxLength };
    return { subgraph: await createUsersSubgraph({ database, bus, accessTokens, rateLimits, userEvents, logger }) };
  },
});
