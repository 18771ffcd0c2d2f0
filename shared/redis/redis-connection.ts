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

/** Gives a connection up that says nothing, so that whoever waits on it hears of it and the next one is made. */
export interface SilenceWatch {
  /** The answer; after `ms` without one, the connection is cut, and with it everything that was asked on it. */
  within<Answer>(ms: number, answer: Promise<Answer>): Promise<Answer>;
}

/**
 * Also cuts a connection whose server takes it and then says nothing for `silenceMs`. Not ioredis' `socketTimeout`: when a connection breaks
 * while it waits, its timer lives on and cuts the next one.
 */
export function watchSilence(
  redis: Pick<Redis, 'on'> & { readonly stream: Pick<Redis['stream'], 'destroy'> },
  silenceMs: number,
): SilenceWatch {
  let handshake: NodeJS.Timeout | undefined;
  const cut = () => void redis.stream.destroy(new Error('Redis did not answer in time'));
  redis.on('connect', () => (handshake = setTimeout(cut, silenceMs)));
  for (const event of ['ready', 'close'] as const) redis.on(event, () => clearTimeout(handshake));
  return {
    within(ms, answer) {
      const timer = setTimeout(cut, ms);
      return answer.finally(() => clearTimeout(timer));
    },
  };
}
