import { join } from 'node:path';
import { runSubgraphProcess } from '../../shared/graphql/subgraph-process.js';
import { readAuthConfig } from './config.js';
import { createAuthSubgraph } from './subgraph.js';

runSubgraphProcess({
  name: 'auth',
  environment: process.env,
  readConfig: readAuthConfig,
  create: async ({ environment, config, database, bus, revocations, rateLimits, logger, deriveKey }) => ({
    subgraph: await createAuthSubgraph({
      database,
      bus,
      revocations,
      // Not the remote keys that other subgraphs verify with: these are made here.
      encryptionKey: deriveKey('auth encryption'),
      publicUrl: () => config.publicUrl,
      mail: { smtpUrl: config.smtpUrl, from: config.mailFrom, folder: join(environment.dataDir, 'outbox') },
      rateLimits,
      logger,
      threadPoolSize: config.threadPoolSize,
      breachCheck: config.breachCheck,
      signingKeyRotationDays: config.signingKeyRotationDays,
      guestRetentionDays: config.guestRetentionDays,
      networkRates: config.networkRates,
      webAuthn: config.webAuthn,
    }),
  }),
});
