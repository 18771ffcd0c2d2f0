import type { Redis } from 'ioredis';
import { connectOptionally, disconnect } from '../../../shared/redis/redis-connection.js';
import { startRedis } from '../services/redis.js';
import { orSkip } from '../services/services.js';

export interface ConnectedRedis {
  readonly url: string;
  readonly redis: Redis;
  close(): Promise<void>;
}

/** A Redis for one suite, with a connection to it; undefined where there is none to start. */
export async function connectRedis(): Promise<ConnectedRedis | undefined> {
  const server = orSkip('Redis', await startRedis());
  if (server === null) return undefined;
  const redis = connectOptionally(server.url, () => undefined);
  await new Promise((resolve) => redis.once('ready', resolve));
  return {
    url: server.url,
    redis,
    async close() {
      await disconnect(redis);
      await server.stop();
    },
  };
}
