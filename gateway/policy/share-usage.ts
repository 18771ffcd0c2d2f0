import type { Redis } from 'ioredis';
import { within } from '../../shared/redis/redis-connection.js';
import type { ShareUsage, Usage } from './operation-rates.js';

const timeoutMs = 2_000;
/** After the minute nobody asks any more. In seconds; some more, since clocks differ. */
const lifetimeSeconds = 180;
/** Clients whom one script counts: about a millisecond in which Redis does nothing else. */
const mostAtOnce = 500;

/** The keys of clients; how long they live, and what each has used: operations, cost. Answers the sums in the same order. */
const addUsage = `
local sums = {}
for each = 1, #KEYS do
  sums[2 * each - 1] = redis.call('HINCRBY', KEYS[each], 'operations', ARGV[2 * each])
  sums[2 * each] = redis.call('HINCRBYFLOAT', KEYS[each], 'cost', ARGV[2 * each + 1])
  redis.call('EXPIRE', KEYS[each], ARGV[1])
end
return sums`;

/** Adds up the usage of all gateways in Redis: a hash per client and minute. By one script: three commands for each of thousands are garbage. */
export function createShareUsage(redis: Redis): ShareUsage {
  async function add(minute: number, counted: Parameters<ShareUsage>[1]): Promise<readonly Usage[]> {
    const keys = counted.map(([client]) => `galaxia.usage.${minute}.${client}`);
    const used = counted.flatMap(([, { operations, cost }]) => [operations, cost]);
    const sums = (await within(timeoutMs, redis.eval(addUsage, keys.length, ...keys, lifetimeSeconds, ...used))) as readonly unknown[];
    return counted.map(([, own], index): Usage => {
      const [operations, cost] = sums.slice(index * 2);
      return { operations: Number(operations ?? own.operations), cost: Number(cost ?? own.cost) };
    });
  }

  return async (minute, counted) => {
    const batches = Array.from({ length: Math.ceil(counted.length / mostAtOnce) }, (_, index) =>
      counted.slice(index * mostAtOnce, (index + 1) * mostAtOnce),
    );
    return (await Promise.all(batches.map((batch) => add(minute, batch)))).flat();
  };
}
