import { connectOptionally, disconnect } from '../../shared/redis/redis-connection.js';
import type { Logger } from '../../shared/logging/logger.js';
import { createOperationPolicy, type OperationPolicy } from './operation-policy.js';
import { createOperationRates } from './operation-rates.js';
import { createMemoryPersistedQueries } from './persisted-queries.js';
import type { PolicyConfig } from './policy-variables.js';
import { createSharedPersistedQueries } from './shared-persisted-queries.js';
import { createShareUsage } from './share-usage.js';
import { openTrustedDocuments } from './trusted-documents.js';

export interface OpenPolicy {
  readonly policy: OperationPolicy;
  close(): Promise<void>;
}

/** The policy with all that it follows and shares. Rejects with a `ConfigurationError` when the trusted documents cannot be read. */
export async function openPolicy(config: PolicyConfig, logger: Logger): Promise<OpenPolicy> {
  const { trustedDocuments, persistedQueriesBytes } = config;
  const documents = trustedDocuments === undefined ? undefined : await openTrustedDocuments({ path: trustedDocuments.path, logger });
  const redis =
    config.redisUrl === undefined
      ? undefined
      : connectOptionally(config.redisUrl, (error) =>
          logger.warn({ err: error }, 'operation policy: Redis cannot be reached, this gateway counts and remembers for itself'),
        );
  const own = persistedQueriesBytes === 0 ? undefined : createMemoryPersistedQueries(persistedQueriesBytes);
  const rates = createOperationRates({ rules: config.rates, share: redis === undefined ? undefined : createShareUsage(redis) });
  return {
    policy: createOperationPolicy({
      limits: config.limits,
      allowsIntrospection: config.allowsIntrospection,
      trusted: documents === undefined || trustedDocuments === undefined ? undefined : { mode: trustedDocuments.mode, documents },
      persisted: own === undefined || redis === undefined ? own : createSharedPersistedQueries(redis, own),
      rates,
    }),
    async close() {
      await rates.close();
      await documents?.close();
      if (redis !== undefined) await disconnect(redis);
    },
  };
}
