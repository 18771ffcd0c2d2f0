import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { AppError } from '../../../../shared/errors/app-error.js';
import { disconnect, watchSilence } from '../../../../shared/redis/redis-connection.js';
import type { Logger } from '../../../../shared/logging/logger.js';

/** A Redis that says nothing for so long is given up, with everything that was asked. In ms. */
export const silenceMs = 2_000;

/** A connection that fails at once while Redis is away, and comes back by itself. */
export interface RedisLink {
  readonly redis: Redis;
  /** Throws `UNAVAILABLE` when nothing can be asked now. */
  requireReady(): void;
  /** Throws `UNAVAILABLE` when Redis is known to be away, not while it is being connected for the first time. */
  requireHope(): void;
  /**
   * The server that answers, by its own word: another one after every restart. Empty when it does not say. Throws `UNAVAILABLE` when
   * nothing can be asked now.
   */
  serverId(): Promise<string>;
  /** The answer; after `ms` without one, the connection is cut and made anew, and everything that waits on it fails. */
  within<Answer>(ms: number, answer: Promise<Answer>): Promise<Answer>;
  /** Until `ms` have passed, or the link is closed. */
  pause(ms: number): Promise<void>;
  close(): Promise<void>;
}

export function openRedisLink({ url, logger, purpose }: { url: string; logger: Logger; purpose: string }): RedisLink {
  const closing = new AbortController();
  const redis = new Redis(url, {
    // Nothing waits for a Redis that is away: a lease that is renewed too late is worth nothing, and a queue would have no end.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    connectTimeout: silenceMs,
    // A primary that became a replica answers, but takes nothing.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    retryStrategy: (times) => (closing.signal.aborted ? null : Math.min(500, times * 50)),
  });
  let isDown = false;
  let server: Promise<string> | undefined;
  const silence = watchSilence(redis, silenceMs);
  redis.on('error', (error) => {
    if (!isDown) logger.warn({ err: error, purpose }, 'presence: Redis cannot be reached');
    isDown = true;
  });
  redis.on('close', () => (server = undefined));
  redis.on('ready', () => {
    server = silence.within(silenceMs, redis.info('server')).then((info) => /^run_id:(\w+)/m.exec(info)?.[1] ?? '');
    // Told to whoever asks for it.
    server.catch(() => undefined);
    if (isDown) logger.info({ purpose }, 'presence: Redis is back');
    isDown = false;
  });

  function requireReady(): void {
    if (redis.status !== 'ready') throw unavailable();
  }

  return {
    redis,
    requireReady,
    requireHope() {
      if (isDown || closing.signal.aborted) throw unavailable();
    },
    async serverId() {
      requireReady();
      // Between two events of ioredis nobody has asked yet.
      if (server === undefined) throw unavailable();
      const id = await server;
      requireReady();
      return id;
    },
    within: (ms, answer) => silence.within(ms, answer),
    pause: (ms) => delay(ms, undefined, { signal: closing.signal }).catch(() => undefined),
    close() {
      closing.abort();
      return disconnect(redis);
    },
  };
}

export function unavailable(cause?: unknown): AppError {
  return new AppError('UNAVAILABLE', 'Presence is not available right now. Try again in a few seconds.', { retryAfter: 5, cause });
}

/** What a failed command means to who asked: a fault in a script is a fault of ours, everything else will be over some time. */
export function toRefusal(error: unknown): unknown {
  if (error instanceof AppError || (error instanceof Error && error.message.startsWith('ERR '))) return error;
  return unavailable(error);
}
