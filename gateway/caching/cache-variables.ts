import { z } from 'zod';
import { numbersOf, numberVariables, type NumbersOf } from '../../shared/config/number-settings.js';

export const cacheModes = ['off', 'public', 'all'] as const;

/** Bounds of what is kept. */
export const cacheSettings = {
  maxBytes: {
    variable: 'CACHE_BYTES',
    otherwise: 64 * 1024 * 1024,
    most: 1_000_000_000_000,
    about: 'Bytes of memory for it, in each process.',
  },
  // A map of JavaScript holds no more than 16.7 million.
  maxEntries: { variable: 'CACHE_ENTRIES', otherwise: 100_000, most: 10_000_000, about: 'Objects and answers in memory.' },
} as const;

/** What is kept of subgraphs' answers, from the environment. */
export interface CacheConfig extends NumbersOf<typeof cacheSettings> {
  /** Whether private answers are kept too. */
  readonly keepsPrivate: boolean;
  /** By which gateways share what they keep; undefined when there is only one. */
  readonly redisUrl: string | undefined;
  /** With which operators may end what is kept; undefined when they may not. */
  readonly invalidationSecret: string | undefined;
}

/** To be spread into the schema of an entry's environment. */
export const cacheVariables = {
  CACHE: z.enum(cacheModes).default('off'),
  ...numberVariables(cacheSettings),
  CACHE_INVALIDATION_SECRET: z
    .string()
    .regex(/^[\x21-\x7e]{32,}$/, 'must be 32 characters or more, without blanks')
    .optional(),
};

type CacheValues = z.output<z.ZodObject<typeof cacheVariables>> & { readonly REDIS_URL?: string | undefined };

/** Undefined when nothing is kept. */
export function toCacheConfig(values: CacheValues): CacheConfig | undefined {
  if (values.CACHE === 'off') return undefined;
  return {
    ...numbersOf(cacheSettings, values),
    keepsPrivate: values.CACHE === 'all',
    redisUrl: values.REDIS_URL,
    invalidationSecret: values.CACHE_INVALIDATION_SECRET,
  };
}

/**
 * For `superRefine` of the schema that the variables are spread into. What somebody changes by one process must not be served from what
 * another one keeps.
 */
export function checkCacheVariables(
  { CACHE: mode, REDIS_URL, WORKERS, CACHE_INVALIDATION_SECRET }: CacheValues & { readonly WORKERS?: number },
  context: z.RefinementCtx,
): void {
  const isAlone = WORKERS === undefined || WORKERS === 1 || REDIS_URL !== undefined;
  const secret = CACHE_INVALIDATION_SECRET === undefined ? [] : ['CACHE_INVALIDATION_SECRET'];
  if (mode === 'off' && secret.length > 0)
    context.addIssue({ code: 'custom', path: secret, message: 'is for what CACHE keeps, which is off' });
  if (mode === 'public' && secret.length > 0 && !isAlone) {
    context.addIssue({ code: 'custom', path: secret, message: 'with several WORKERS, needs REDIS_URL, by which they tell each other' });
  }
  if (mode === 'all' && !isAlone) {
    context.addIssue({
      code: 'custom',
      path: ['CACHE'],
      message: 'with several WORKERS, "all" needs REDIS_URL; without it, "public" is possible',
    });
  }
}
