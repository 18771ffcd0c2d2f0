import { runSubgraphProcess } from '../../shared/graphql/subgraph-process.js';
import { revocationsRoute } from './routes/revocations.js';
import { createSessionsSubgraph } from './subgraph.js';

runSubgraphProcess({
  name: 'sessions',
  environment: process.env,
  // Nothing but what every subgraph needs.
  readConfig: () => ({}),
  create: async ({ environment: { redisUrl, rateLimitScale }, database, bus, accessTokens, revocations, logger }) => {
    const subgraph = await createSessionsSubgraph({ database, bus, accessTokens, revocations, redisUrl, rateLimitScale, logger });
    return { subgraph, internalRoutes: revocationsRoute((since) => subgraph.endedSince(since)) };
  },
});
