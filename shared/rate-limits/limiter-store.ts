import { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';
import { disconnect, watchSilence, type SilenceWatch } from '../redis/redis-connection.js';
import type { Logger } from '../logging/logger.js';

/** Keys that one limiter remembers in memory. Beyond, the one that was used longest ago goes. */
const maximumKeys = 100_000;
/** A Redis that does not answer by then counts as away. In ms. */
const redisTimeoutMs = 1_000;

export type Limiter = Pick<RateLimiterMemory, 'consume' | 'penalty' | 'reward' | 'get' | 'delete'>;

export interface LimiterStore {
  /** A counter per key that forgets it `seconds` after its first use. */
  limiter(name: string, rule: { readonly points: number; readonly seconds: number }): Limiter;
  close(): Promise<void>;
}

export function createLimiterStore({ redisUrl, logger }: { redisUrl: string | undefined; logger: Logger }): LimiterStore {
  let link: { readonly redis: Redis; readonly watch: SilenceWatch } | undefined;

  // Made when it is first needed: a process that limits nothing has no connection.
  function connect(url: string): { redis: Redis; watch: SilenceWatch } {
    const connection = new Redis(url, {
      // What cannot be asked now is counted in memory, not queued.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      connectTimeout: redisTimeoutMs,
      retryStrategy: (times) => Math.min(2_000, times * 100),
    });
    connection.on('error', (error) => logger.warn({ err: error }, 'rate limits: Redis cannot be reached, this process counts for itself'));
    return { redis: connection, watch: watchSilence(connection, redisTimeoutMs) };
  }

  return {
    limiter(name, { points, seconds }) {
      const options = { keyPrefix: `galaxia.limit.${name}`, points, duration: seconds };
      const memory = new BoundedMemoryLimiter(options);
      if (redisUrl === undefined) return memory;
      const { redis, watch } = (link ??= connect(redisUrl));
      const shared = new RateLimiterRedis({ ...options, storeClient: redis, rejectIfRedisNotReady: true, insuranceLimiter: memory });
      // A Redis that hangs is cut off; what was asked of it is then counted in memory.
      const watched = <Answer>(answer: Promise<Answer>) => watch.within(redisTimeoutMs, answer);
      return {
        consume: (...parameters) => watched(shared.consume(...parameters)),
        penalty: (...parameters) => watched(shared.penalty(...parameters)),
        reward: (...parameters) => watched(shared.reward(...parameters)),
        get: (...parameters) => watched(shared.get(...parameters)),
        delete: (...parameters) => watched(shared.delete(...parameters)),
      };
    },
    async close() {
      if (link !== undefined) await disconnect(link.redis);
    },
  };
}

/** The library's own grows with the number of keys, and who guesses at random names makes as many as he likes. */
class BoundedMemoryLimiter extends RateLimiterMemory {
  readonly #keys = new Set<string>();

  override consume(...parameters: Parameters<RateLimiterMemory['consume']>): ReturnType<RateLimiterMemory['consume']> {
    this.#use(String(parameters[0]));
    return super.consume(...parameters);
  }

  override penalty(...parameters: Parameters<RateLimiterMemory['penalty']>): ReturnType<RateLimiterMemory['penalty']> {
    this.#use(String(parameters[0]));
    return super.penalty(...parameters);
  }

  override delete(key: string | number): Promise<boolean> {
    this.#keys.delete(String(key));
    return super.delete(key);
  }

  /** A Set keeps the order of insertion, so the first one was used longest ago. */
  #use(key: string): void {
    this.#keys.delete(key);
    this.#keys.add(key);
    if (this.#keys.size <= maximumKeys) return;
    const [oldest] = this.#keys;
    if (oldest !== undefined) void this.delete(oldest);
  }
}
