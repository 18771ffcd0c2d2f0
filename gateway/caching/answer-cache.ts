import type { SubgraphDataSource } from '../datasources/subgraph-data-source.js';
import type { AnswerStore } from './answer-store.js';
import type { CacheConfig } from './cache-variables.js';
import { cacheSource, type OnCached } from './cached-source.js';
import { createMemoryStore } from './memory-store.js';
import { createOperationCachings, type CreateOperationCaching } from './operation-caching.js';

/** What a gateway keeps of the answers of its subgraphs. */
export interface AnswerCache {
  /** For `createSupergraph`. */
  readonly beginCaching: CreateOperationCaching;
  /** `settings`: with what the subgraph is asked, beside the request itself. */
  cached(
    subgraph: { readonly name: string; readonly url: string; readonly settings?: unknown },
    source: SubgraphDataSource,
  ): SubgraphDataSource;
  stats(): ReturnType<AnswerStore['stats']>;
  close(): Promise<void>;
}

export interface AnswerCacheOptions {
  readonly onCached?: OnCached | undefined;
  readonly now?: (() => number) | undefined;
}

/** Undefined when nothing is kept. */
export function openAnswerCache(
  config: CacheConfig | undefined,
  { onCached, now = Date.now }: AnswerCacheOptions = {},
): AnswerCache | undefined {
  if (config === undefined) return undefined;
  const { keepsPrivate, maxBytes, maxEntries } = config;
  const store = createMemoryStore({ maxBytes, maxEntries, now });
  return {
    beginCaching: createOperationCachings(),
    cached: ({ name, url, settings }, source) =>
      cacheSource(source, { name, place: JSON.stringify([name, url, settings]), store, keepsPrivate, onCached, now }),
    stats: () => store.stats(),
    close: () => store.close(),
  };
}
