import { Redis } from 'ioredis';

/** A Redis that can be done without: what it cannot be asked now is refused at once. It connects again for ever. */
export function connectOptionally(url: string, onError: (error: Error) => void): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(2_000, times * 100),
  });
  redis.on('error', onError);
  return redis;
}

/** Resolves when nothing of the connection is left; after 2 s at the most, when ioredis gives up on a server that does not answer. */
export async function disconnect(redis: Redis): Promise<void> {
  if (redis.status === 'end') return;
  // Between two attempts to connect there is nothing to end, and so no event.
  const ended = redis.status === 'reconnecting' ? Promise.resolve() : new Promise((resolve) => redis.once('end', resolve));
  // Asked a second time, ioredis would wait for a stream that is closed already.
  if (redis.status !== 'close') redis.disconnect();
  await ended;
}

/** Rejects when Redis does not answer in time. Not ioredis' own timeouts, whose timers outlive what they watch. */
export async function within<Result>(ms: number, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Redis did not answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
