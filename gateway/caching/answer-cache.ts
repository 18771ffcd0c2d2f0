import { connectOptionally, disconnect } from '../../shared/redis/redis-connection.js';
import type { Logger } from '../../shared/logging/logger.js';
import type { SubgraphDataSource } from '../datasources/subgraph-data-source.js';
import type { AnswerStore } from './answer-store.js';
import type { CacheConfig } from './cache-variables.js';
import { cacheSource, type OnCached } from './cached-source.js';
import type { Invalidation } from './invalidation/invalidation.js';
import type { InvalidationAccess } from './invalidation/invalidation-route.js';
import { createInvalidations } from './invalidation/invalidations.js';
import { createSharedInvalidations } from './invalidation/shared-invalidations.js';
import { createMemoryStore, longestText } from './memory-store.js';
import { createOperationCachings, type CreateOperationCaching } from './operation-caching.js';
import { createRedisStore } from './redis-store.js';
import { createTieredStore } from './tiered-store.js';
import { createWholeAnswers, type AnswerOperation } from './whole-answers.js';

/** What a gateway keeps of the answers of its subgraphs. */
export interface AnswerCache {
  /** For `createSupergraph`. */
  readonly beginCaching: CreateOperationCaching;
  readonly answerOperation: AnswerOperation;
  /** `settings`: with what the subgraph is asked, beside the request itself. */
  cached(
    subgraph: { readonly name: string; readonly url: string; readonly settings?: unknown },
    source: SubgraphDataSource,
  ): SubgraphDataSource;
  /** Undefined when operators may not end what is kept. */
  readonly invalidation: InvalidationAccess | undefined;
  stats(): ReturnType<AnswerStore['stats']>;
  close(): Promise<void>;
}

export interface AnswerCacheOptions {
  readonly onCached?: OnCached | undefined;
  readonly logger: Logger;
  readonly now?: (() => number) | undefined;
}

/** Undefined when nothing is kept. */
export function openAnswerCache(config: CacheConfig | undefined, options: AnswerCacheOptions): AnswerCache | undefined {
  if (config === undefined) return undefined;
  const { onCached, logger, now = Date.now } = options;
  const { keepsPrivate, maxBytes, maxEntries, redisUrl, invalidationSecret } = config;
  const memory = createMemoryStore({ maxBytes, maxEntries, now });
  const redis =
    redisUrl === undefined
      ? undefined
      : connectOptionally(redisUrl, (error) => logger.warn({ err: error }, 'answer cache: Redis cannot be reached, nothing is shared'));
  const store =
    redis === undefined ? memory : createTieredStore(memory, createRedisStore(redis, { maxLength: longestText(maxBytes), now }));
  const isShared = redis !== undefined && invalidationSecret !== undefined;
  const invalidations = createInvalidations({ isShared, now });
  const sharedInvalidations = isShared ? createSharedInvalidations(redis, invalidations, { now }) : undefined;
  const invalidate = async (each: readonly Invalidation[]): Promise<void> => {
    if (sharedInvalidations === undefined) invalidations.add(each);
    else await sharedInvalidations.add(each);
  };
  return {
    invalidation: invalidationSecret === undefined ? undefined : { secret: invalidationSecret, invalidate },
    beginCaching: createOperationCachings(),
    // Whole answers are kept near alone: from far, their JSON would have to be read to know that it is some.
    answerOperation: createWholeAnswers({ store: memory, invalidations, keepsPrivate: keepsPrivate && redis === undefined, onCached, now }),
    cached: ({ name, url, settings }, source) =>
      cacheSource(source, { name, place: JSON.stringify([name, url, settings]), store, invalidations, keepsPrivate, onCached, now }),
    stats: () => store.stats(),
    async close() {
      sharedInvalidations?.close();
      await store.close();
      if (redis !== undefined) await disconnect(redis);
    },
  };
}
