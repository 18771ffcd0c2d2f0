import type { Redis } from 'ioredis';
import { within } from '../../../shared/redis/redis-connection.js';
import { longestLifetimeSeconds } from '../../datasources/answer-lifetime.js';
import { everything, readInvalidation, type Invalidation } from './invalidation.js';
import type { Invalidations } from './invalidations.js';

export interface SharedInvalidations {
  /** Asks what others have said. Never rejects. */
  sync(): Promise<void>;
  /** Tells it to all gateways. Rejects when Redis does not say that it was told. */
  add(invalidations: readonly Invalidation[]): Promise<void>;
  close(): void;
}

export interface SharedInvalidationsOptions {
  readonly now?: () => number;
  /** How often others are heard. Default 1 s. */
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
  /** Of a day; more than this end everything. Default 100,000. */
  readonly most?: number;
}

const key = 'galaxia.invalidations';
const dayMs = longestLifetimeSeconds * 1_000;
const pageSize = 1_000;

/**
 * What is not in Redis any more must not be missed: whoever finds nothing there begins with the end of everything, so that a Redis that was
 * emptied, or has forgotten this alone, brings nothing back.
 */
const begin = `
local function begin(at)
  if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('ZADD', KEYS[1], at, at .. '.0 ${JSON.stringify(everything)}') end
end`;

/** The time, how long it is kept, and since which stamp; from which place, and how many. */
const readNew = `${begin}
begin(ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[3], '+inf', 'WITHSCORES', 'LIMIT', ARGV[4], ARGV[5])`;

/** The time, how long it is kept, for how long anybody needs it, and how many there may be; then what is added. Answers its stamp. */
const addAll = `${begin}
begin(ARGV[1])
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local at = string.format('%.0f', math.max(tonumber(ARGV[1]), tonumber(last[2]) + 1))
for each = 5, #ARGV do redis.call('ZADD', KEYS[1], at, at .. '.' .. each .. ' ' .. ARGV[each]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', tonumber(at) - tonumber(ARGV[3])))
if redis.call('ZCARD', KEYS[1]) > tonumber(ARGV[4]) then
  redis.call('DEL', KEYS[1])
  begin(at)
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return at`;

/** Invalidations of all gateways with the same Redis, in the order of their stamps. */
export function createSharedInvalidations(
  redis: Redis,
  own: Invalidations,
  { now = Date.now, intervalMs = 1_000, timeoutMs = 2_000, most = 100_000 }: SharedInvalidationsOptions = {},
): SharedInvalidations {
  let hasEnded = false;
  let timer: NodeJS.Timeout | undefined;
  // Never before what is known: clocks differ.
  const time = (): number => Math.max(now(), own.stamp() + 1);

  async function readPage(since: number, from: number): Promise<readonly string[]> {
    return (await within(timeoutMs, redis.eval(readNew, 1, key, time(), 2 * dayMs, since, from, pageSize))) as readonly string[];
  }

  async function sync(): Promise<void> {
    const since = own.stamp();
    const found: [number, Invalidation][] = [];
    try {
      for (let from = 0, isWhole = false; !isWhole; from += pageSize) {
        const page = await readPage(since, from);
        isWhole = page.length < 2 * pageSize;
        for (let index = 0; index + 1 < page.length; index += 2) {
          const [member = '', stamp = ''] = page.slice(index, index + 2);
          found.push([Number(stamp), readInvalidation(member.slice(member.indexOf(' ') + 1))]);
        }
      }
    } catch {
      // The connection logs why. All of it is read the next time: half of it would hide the rest.
      return;
    }
    for (const [stamp, each] of found) own.add([each], stamp);
  }

  function plan(): void {
    if (hasEnded) return;
    timer = setTimeout(() => void sync().then(plan), intervalMs);
    timer.unref();
  }
  plan();

  return {
    sync,
    async add(invalidations) {
      const texts = invalidations.map((each) => JSON.stringify(each));
      const at = await within(timeoutMs, redis.eval(addAll, 1, key, time(), 2 * dayMs, dayMs, most, ...texts));
      // From there, because others may have said something before it.
      await sync();
      if (own.stamp() < Number(at)) throw new Error('Redis does not tell what it was told');
    },
    close() {
      hasEnded = true;
      clearTimeout(timer);
    },
  };
}
