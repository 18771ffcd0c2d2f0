import { RateLimiterRes } from 'rate-limiter-flexible';
import { AppError } from '../errors/app-error.js';
import type { Logger } from '../logging/logger.js';
import { createLimiterStore, type Limiter } from './limiter-store.js';

/** So many uses of one key in so many seconds. */
export interface WindowRule {
  readonly points: number;
  readonly seconds: number;
}

/** Counts uses per key in a fixed window, which begins at the first use. */
export interface WindowLimit {
  /** Counts one use. Throws a `RATE_LIMITED` `AppError` when there were too many. */
  take(key: string): Promise<void>;
  /** Throws like `take`, but counts nothing: for what counts only when it turns out bad. */
  check(key: string): Promise<void>;
  /** Counts one use, whether or not there were too many. */
  count(key: string): Promise<void>;
}

/** Tries that cost nothing, then a wait before each next one that doubles. */
export interface AttemptRule {
  readonly free: number;
  readonly firstSeconds: number;
  readonly mostSeconds: number;
  /** All is forgotten this long after the first try. */
  readonly forgetSeconds: number;
}

/** Slows down guessing at one key until a guess is right. */
export interface AttemptLimit {
  /**
   * Counts a try before it is made, so that a thousand at once are no more than one after the other. Throws a `RATE_LIMITED` `AppError`
   * while the wait after the last try is not over; such a try does not count.
   */
  begin(key: string): Promise<void>;
  /** The guess was not made after all: uncounts it. The wait after it stays. */
  cancel(key: string): Promise<void>;
  /** The guess was right: forgets all tries. */
  reset(key: string): Promise<void>;
}

/** The limits of one process, shared by all that use the same Redis. */
export interface RateLimits {
  /** `name` must be unique, and the same in every process. */
  window(name: string, rule: WindowRule): WindowLimit;
  attempts(name: string, rule: AttemptRule): AttemptLimit;
  close(): Promise<void>;
}

export interface RateLimitsOptions {
  /** Undefined keeps the counts in this process alone. */
  readonly redisUrl: string | undefined;
  /** Multiplies every limit (`RATE_LIMIT_SCALE`); above 0. */
  readonly scale: number;
  readonly logger: Logger;
}

/** For counters that decide nothing by themselves. */
const unlimited = Number.MAX_SAFE_INTEGER;

/**
 * Limits in memory, or in Redis when `redisUrl` is given. While Redis cannot be reached every process counts for itself: nobody is locked
 * out, nothing fails, and what is refused is still refused.
 */
export function createRateLimits({ redisUrl, scale, logger }: RateLimitsOptions): RateLimits {
  const store = createLimiterStore({ redisUrl, logger });
  const scaled = (limit: number) => Math.max(1, Math.round(limit * scale));

  return {
    window(name, { points, seconds }) {
      const most = scaled(points);
      const limiter = store.limiter(name, { points: most, seconds });
      return {
        take: (key) => consume(limiter, key),
        async check(key) {
          const result = alive(await limiter.get(key));
          if (result !== null && result.consumedPoints >= most) throw tooMany(result.msBeforeNext);
        },
        async count(key) {
          await limiter.penalty(key);
        },
      };
    },

    attempts(name, { free, firstSeconds, mostSeconds, forgetSeconds }) {
      const tries = store.limiter(`${name} tries`, { points: unlimited, seconds: forgetSeconds });
      // Shut after a try for as long as the next one must wait; whoever opens it shuts it again in the same step.
      const gate = store.limiter(`${name} gate`, { points: 1, seconds: mostSeconds });
      const freeTries = scaled(free);
      const waitAfter = (count: number) => Math.min(mostSeconds, firstSeconds * 2 ** Math.min(30, count - freeTries));

      return {
        async begin(key) {
          const made = alive(await tries.get(key))?.consumedPoints ?? 0;
          if (made >= freeTries) {
            await consume(gate, key, waitAfter(made + 1));
            await tries.penalty(key);
            return;
          }
          const { consumedPoints: count } = await tries.penalty(key);
          if (count < freeTries) return;
          try {
            // The last free try, or one that overtook it.
            await consume(gate, key, waitAfter(count));
          } catch (error) {
            await tries.reward(key);
            throw error;
          }
        },
        async cancel(key) {
          await tries.reward(key);
        },
        async reset(key) {
          await Promise.all([tries.delete(key), gate.delete(key)]);
        },
      };
    },

    close: () => store.close(),
  };
}

async function consume(limiter: Limiter, key: string, seconds?: number): Promise<void> {
  try {
    await limiter.consume(key, 1, seconds === undefined ? {} : { customDuration: seconds });
  } catch (error) {
    if (!(error instanceof RateLimiterRes)) throw error;
    throw tooMany(error.msBeforeNext);
  }
}

/** The same words whatever was limited and for whom, so that they tell nothing. */
function tooMany(waitMs: number): AppError {
  return new AppError('RATE_LIMITED', 'Too many tries. Wait a while and try again.', { retryAfter: Math.max(1, Math.ceil(waitMs / 1000)) });
}

/** The memory store still has records whose time is over until a timer takes them away. */
function alive(result: RateLimiterRes | null): RateLimiterRes | null {
  return result !== null && result.msBeforeNext > 0 ? result : null;
}
