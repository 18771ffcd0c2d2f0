import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { orSkip } from '../../tests/testkit/services/services.js';
import { startRedis } from '../../tests/testkit/services/redis.js';
import { AppError } from '../errors/app-error.js';
import { createLogger } from '../logging/logger.js';
import { createRateLimits, type RateLimits } from './rate-limits.js';
import { until } from '../../tests/testkit/until.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const redis = orSkip('Redis', await startRedis());
afterAll(() => redis?.stop());

const opened: RateLimits[] = [];
const closeAll = async () => {
  for (const limits of opened.splice(0)) await limits.close();
};
afterEach(closeAll);
function open(redisUrl: string | undefined, scale = 1): RateLimits {
  const limits = createRateLimits({ redisUrl, scale, logger });
  opened.push(limits);
  return limits;
}

/** Seconds to wait, or null when it was let through. */
async function waitOf(use: Promise<void>): Promise<number | null> {
  try {
    await use;
    return null;
  } catch (error) {
    if (error instanceof AppError && error.code === 'RATE_LIMITED') return error.retryAfter ?? Number.NaN;
    throw error;
  }
}

const stores: { name: string; url: string | undefined }[] = [{ name: 'memory', url: undefined }];
if (redis !== null) stores.push({ name: 'Redis', url: redis.url });

describe.each(stores)('limits in $name', ({ name, url }) => {
  let count = 0;
  let key: string;
  beforeEach(async () => {
    key = `key ${String((count += 1))}`;
    // Until it is connected a process counts for itself, and a test could see the change.
    if (url !== undefined) await connected(url);
  });
  const limitsOf = async (scale = 1) => {
    const limits = open(url, scale);
    if (url !== undefined) await shares(limits, url);
    return limits;
  };

  it('SECURITY 11: let through as many uses of a key as the rule says, and no more', async () => {
    const limit = (await limitsOf()).window('a', { points: 3, seconds: 60 });
    for (let use = 0; use < 3; use += 1) await expect(waitOf(limit.take(key))).resolves.toBeNull();
    await expect(waitOf(limit.take(key))).resolves.toBe(60);
    await expect(waitOf(limit.take(`other ${key}`))).resolves.toBeNull();
  });

  it('let through exactly as many of a hundred uses at once', async () => {
    const limit = (await limitsOf()).window('a', { points: 7, seconds: 60 });
    const waits = await Promise.all(Array.from({ length: 100 }, () => waitOf(limit.take(key))));
    expect(waits.filter((wait) => wait === null)).toHaveLength(7);
  });

  it('count what turned out bad, and nothing else', async () => {
    const limit = (await limitsOf()).window('a', { points: 2, seconds: 60 });
    for (let use = 0; use < 5; use += 1) await expect(waitOf(limit.check(key))).resolves.toBeNull();
    await limit.count(key);
    await expect(waitOf(limit.check(key))).resolves.toBeNull();
    await limit.count(key);
    await expect(waitOf(limit.check(key))).resolves.toBe(60);
    await expect(waitOf(limit.take(key))).resolves.toBe(60);
  });

  it('begin again when the time is over', async () => {
    const limit = (await limitsOf()).window('short', { points: 1, seconds: 1 });
    await limit.take(key);
    await expect(waitOf(limit.take(key))).resolves.toBe(1);
    await until(async () => (await waitOf(limit.take(key))) === null);
  });

  it('SECURITY 11: of guesses cost nothing at first, then a wait that doubles up to the most', async () => {
    const limit = (await limitsOf()).attempts('guess', { free: 2, firstSeconds: 1, mostSeconds: 2, forgetSeconds: 3600 });
    const next = async (): Promise<number> => {
      await until(async () => (await waitOf(limit.begin(key))) === null);
      return (await waitOf(limit.begin(key))) ?? 0;
    };
    await limit.begin(key);
    await expect(next()).resolves.toBe(1);
    await expect(next()).resolves.toBe(2);
    await expect(next()).resolves.toBe(2);
  });

  it('SECURITY 11: let through no more than the free ones of a thousand guesses at once', async () => {
    const limit = (await limitsOf()).attempts('guess', { free: 5, firstSeconds: 60, mostSeconds: 900, forgetSeconds: 3600 });
    const waits = await Promise.all(Array.from({ length: 1000 }, () => waitOf(limit.begin(key))));
    expect(waits.filter((wait) => wait === null)).toHaveLength(5);
    expect(waits.every((wait) => wait === null || (wait > 0 && wait <= 120))).toBe(true);
  });

  it('SECURITY 11: of guesses are forgotten after a right one', async () => {
    const limit = (await limitsOf()).attempts('guess', { free: 1, firstSeconds: 60, mostSeconds: 900, forgetSeconds: 3600 });
    await limit.begin(key);
    await expect(waitOf(limit.begin(key))).resolves.toBe(60);
    await limit.reset(key);
    await expect(waitOf(limit.begin(key))).resolves.toBeNull();
    await expect(waitOf(limit.begin(key))).resolves.toBe(60);
  });

  it('do not count a guess that was not made', async () => {
    const limit = (await limitsOf()).attempts('guess', { free: 2, firstSeconds: 60, mostSeconds: 900, forgetSeconds: 3600 });
    for (let round = 0; round < 5; round += 1) {
      await limit.begin(key);
      await limit.cancel(key);
    }
    await expect(waitOf(limit.begin(key))).resolves.toBeNull();
  });

  it('are multiplied by the scale, and never nothing', async () => {
    const limits = await limitsOf(2.5);
    const limit = limits.window('scaled', { points: 2, seconds: 60 });
    for (let use = 0; use < 5; use += 1) await limit.take(key);
    await expect(waitOf(limit.take(key))).resolves.not.toBeNull();
    const least = (await limitsOf(0.001)).window('least', { points: 2, seconds: 60 });
    await expect(waitOf(least.take(key))).resolves.toBeNull();
    await expect(waitOf(least.take(key))).resolves.not.toBeNull();
  });

  it(`are ${name === 'Redis' ? 'shared with' : 'apart from'} those of another process`, async () => {
    const [one, two] = [await limitsOf(), await limitsOf()].map((limits) => limits.window('shared', { points: 1, seconds: 60 }));
    await one?.take(key);
    const isRefused = (await waitOf(two?.take(key) ?? Promise.resolve())) !== null;
    expect(isRefused).toBe(name === 'Redis');
  });
});

describe('the limits in memory', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('SECURITY 11: make a guesser wait from a second to a quarter of an hour, and forget him after a day', async () => {
    const limit = open(undefined).attempts('guess', { free: 5, firstSeconds: 1, mostSeconds: 900, forgetSeconds: 86_400 });
    const waits: number[] = [];
    for (let guess = 0; guess < 18; guess += 1) {
      await limit.begin('ada');
      const wait = await waitOf(limit.begin('ada'));
      if (guess >= 5) waits.push(wait ?? 0);
      if (wait === null) continue;
      jest.advanceTimersByTime(wait * 1000 - 1);
      await expect(waitOf(limit.begin('ada'))).resolves.toBe(1);
      jest.advanceTimersByTime(1);
    }
    expect(waits.slice(0, 3)).toEqual([8, 16, 32]);
    expect(waits.slice(-2)).toEqual([900, 900]);
    jest.advanceTimersByTime(86_400_000);
    for (let guess = 0; guess < 5; guess += 1) await limit.begin('ada');
  });

  it('remember a bounded number of keys, those the longest that are in use', async () => {
    const limit = open(undefined).window('many', { points: 1, seconds: 3600 });
    await limit.take('victim');
    for (let key = 0; key < 150_000; key += 1) {
      await limit.take(`random ${String(key)}`);
      if (key % 50_000 === 0) await expect(waitOf(limit.take('victim'))).resolves.not.toBeNull();
    }
    // Gone long ago, so it counts from the beginning.
    await expect(waitOf(limit.take('random 1'))).resolves.toBeNull();
  });
});

if (redis !== null) {
  describe('limits in a Redis that goes away', () => {
    it('SECURITY 11: are counted by the process itself, refuse as ever, fail nobody, and are shared again when it is back', async () => {
      const own = await startRedis();
      if (own === null) throw new Error('Redis started before');
      const rule = { points: 2, seconds: 3600 };
      const limits = open(own.url);
      await shares(limits, own.url);
      const limit = limits.window('outage', rule);
      await limit.take('ada');
      await own.stop();
      const waits = [];
      for (let use = 0; use < 4; use += 1) waits.push(await waitOf(limit.take('ada')));
      expect(waits.filter((wait) => wait === null).length).toBe(2);
      expect(waits.at(-1)).not.toBeNull();

      const back = await startRedis({ port: Number(new URL(own.url).port) });
      try {
        await shares(limits, own.url);
        await expect(waitOf(limit.take('ada'))).resolves.toBeNull();
      } finally {
        await closeAll();
        await back?.stop();
      }
    });

    it('SECURITY 11: are counted by the process itself while Redis hangs, and are shared again when it goes on', async () => {
      const own = await startRedis();
      if (own === null) throw new Error('Redis started before');
      try {
        const limits = open(own.url);
        await shares(limits, own.url);
        process.kill(own.pid, 'SIGSTOP');
        const limit = limits.window('hang', { points: 1, seconds: 3600 });
        await expect(waitOf(limit.take('ada'))).resolves.toBeNull();
        await expect(waitOf(limit.take('ada'))).resolves.toEqual(expect.any(Number));
        process.kill(own.pid, 'SIGCONT');
        await shares(limits, own.url);
      } finally {
        await closeAll();
        await own.stop();
      }
    });

    it('keep nobody waiting who uses one that was never there', async () => {
      const limit = open('redis://127.0.0.1:1').window('nowhere', { points: 1, seconds: 60 });
      await expect(waitOf(limit.take('ada'))).resolves.toBeNull();
      await expect(waitOf(limit.take('ada'))).resolves.toBe(60);
    });
  });
}

/** Waits until `url` answers. */
async function connected(url: string): Promise<void> {
  await shares(open(url), url);
}

/** Waits until what `limits` count is seen by others, which means in Redis. */
async function shares(limits: RateLimits, url: string): Promise<void> {
  const probe = `probe ${String(Math.random())}`;
  const rule = { points: 1, seconds: 60 };
  const mine = limits.window('probe', rule);
  const others = open(url).window('probe', rule);
  for (let turn = 0; ; turn += 1) {
    const key = `${probe} ${String(turn)}`;
    await mine.take(key);
    if ((await waitOf(others.take(key))) !== null) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
