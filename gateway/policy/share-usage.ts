import type { Redis } from 'ioredis';
import { within } from '../../shared/events/redis-connection.js';
import type { ShareUsage, Usage } from './operation-rates.js';

const timeoutMs = 2_000;
/** After the minute nobody asks any more. In seconds; some more, since clocks differ. */
const lifetimeSeconds = 180;

/** Adds up the usage of all gateways in Redis: a hash per client and minute. */
export function createShareUsage(redis: Redis): ShareUsage {
  return async (minute, counted) => {
    const pipeline = redis.pipeline();
    for (const [client, { operations, cost }] of counted) {
      const key = `galaxia.usage.${minute}.${client}`;
      pipeline.hincrby(key, 'operations', operations).hincrbyfloat(key, 'cost', cost).expire(key, lifetimeSeconds);
    }
    const replies = (await within(timeoutMs, pipeline.exec())) ?? [];
    return counted.map(([, own], index): Usage => {
      const [[, operations] = [], [, cost] = []] = replies.slice(index * 3);
      return { operations: Number(operations ?? own.operations), cost: Number(cost ?? own.cost) };
    });
  };
}
