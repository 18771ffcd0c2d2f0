import { z } from 'zod';

export const cacheModes = ['off', 'public', 'all'] as const;

/** What is kept of subgraphs' answers, from the environment. */
export interface CacheConfig {
  /** Whether private answers are kept too. */
  readonly keepsPrivate: boolean;
  /** In memory. */
  readonly maxBytes: number;
  readonly maxEntries: number;
  /** By which gateways share what they keep; undefined when there is only one. */
  readonly redisUrl: string | undefined;
}

export const defaultCacheBounds = { maxBytes: 64 * 1024 * 1024, maxEntries: 100_000 };

/** A map of JavaScript holds no more than 16.7 million. */
export const mostCacheEntries = 10_000_000;
/** 1 TB. */
export const mostCacheBytes = 1_000_000_000_000;

function whole(otherwise: number, most: number) {
  const message = `must be a whole number from 1 to ${most}`;
  return z
    .string()
    .regex(/^\d{1,13}$/, message)
    .transform(Number)
    .refine((value) => value >= 1 && value <= most, message)
    .default(otherwise);
}

/** To be spread into the schema of an entry's environment. */
export const cacheVariables = {
  CACHE: z.enum(cacheModes).default('off'),
  CACHE_BYTES: whole(defaultCacheBounds.maxBytes, mostCacheBytes),
  CACHE_ENTRIES: whole(defaultCacheBounds.maxEntries, mostCacheEntries),
};

type CacheValues = z.output<z.ZodObject<typeof cacheVariables>> & { readonly REDIS_URL?: string | undefined };

/** Undefined when nothing is kept. */
export function toCacheConfig({ CACHE: mode, CACHE_BYTES, CACHE_ENTRIES, REDIS_URL }: CacheValues): CacheConfig | undefined {
  if (mode === 'off') return undefined;
  return { keepsPrivate: mode === 'all', maxBytes: CACHE_BYTES, maxEntries: CACHE_ENTRIES, redisUrl: REDIS_URL };
}

/**
 * For `superRefine` of the schema that the variables are spread into. What somebody changes by one process must not be served from what
 * another one keeps.
 */
export function checkCacheVariables(
  { CACHE: mode, REDIS_URL, WORKERS }: CacheValues & { readonly WORKERS?: number },
  context: z.RefinementCtx,
): void {
  if (mode === 'all' && WORKERS !== undefined && WORKERS > 1 && REDIS_URL === undefined) {
    context.addIssue({
      code: 'custom',
      path: ['CACHE'],
      message: 'with several WORKERS, "all" needs REDIS_URL; without it, "public" is possible',
    });
  }
}
