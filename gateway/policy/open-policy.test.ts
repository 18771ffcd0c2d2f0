import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { createLogger } from '../../shared/logging/logger.js';
import { startRedis } from '../../tests/testkit/services/redis.js';
import { orSkip } from '../../tests/testkit/services/services.js';
import { hashOf } from './document-hash.js';
import { openPolicy } from './open-policy.js';
import type { OperationPolicy } from './operation-policy.js';
import { createOperationRates } from './operation-rates.js';
import { policyVariables, toPolicyConfig } from './policy-variables.js';
import { createShareUsage } from './share-usage.js';
import { z } from 'zod';

const logger = createLogger({ name: 'test', level: 'silent' });
const redis = orSkip('Redis', await startRedis());
afterAll(() => redis?.stop());

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function open(redisUrl: string): Promise<OperationPolicy> {
  const { policy, close } = await openPolicy(toPolicyConfig(z.object(policyVariables).parse({ REDIS_URL: redisUrl })), logger).then(
    (opened) => ({ policy: opened.policy, close: () => opened.close() }),
  );
  closers.push(close);
  return policy;
}

function client(url: string): Redis {
  const connection = new Redis(url);
  closers.push(() => connection.quit());
  return connection;
}

const persisted = (hash: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash: hash } } });

async function textOf(policy: OperationPolicy, hash: string): Promise<string | undefined> {
  const found = await policy.find(persisted(hash));
  return found.kind === 'found' ? found.text : undefined;
}

/** Asks again until it is there: a connection that is being made, and a write that nobody waits for. */
async function untilFound(policy: OperationPolicy, hash: string): Promise<string> {
  for (;;) {
    const text = await textOf(policy, hash);
    if (text !== undefined) return text;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

(redis === null ? describe.skip : describe)('Gateways with one Redis', () => {
  const url = redis?.url ?? '';

  it('know the documents that clients left at another one', async () => {
    const [one, other] = [await open(url), await open(url)];
    // Until it is connected it keeps them for itself.
    const known = client(url);
    await known.set(`galaxia.document.${hashOf('{ ready }')}`, '{ ready }');
    await untilFound(one, hashOf('{ ready }'));
    one.register(hashOf('{ a }'), '{ a }');
    expect(await untilFound(other, hashOf('{ a }'))).toBe('{ a }');
  });

  it('do not believe a document there that is another one than its hash says', async () => {
    const policy = await open(url);
    const attacker = client(url);
    await attacker.set(`galaxia.document.${hashOf('{ mine }')}`, '{ theirs }');
    await attacker.set(`galaxia.document.${hashOf('{ seen }')}`, '{ seen }');
    await untilFound(policy, hashOf('{ seen }'));
    expect(await textOf(policy, hashOf('{ mine }'))).toBeUndefined();
  });

  it('count what a client asked of any of them', async () => {
    const gateways = [client(url), client(url)].map((connection) => {
      const rates = createOperationRates({
        rules: { operations: 10, cost: 1_000 },
        share: createShareUsage(connection),
        now: () => 60_000 * 7,
        shareIntervalMs: 5,
      });
      closers.unshift(() => rates.close());
      return rates;
    });
    const [one, other] = gateways;
    for (let n = 0; n < 9; n++) expect(one?.take('user a', 2.5)).toBeUndefined();
    expect(other?.take('user a', 2.5)).toBeUndefined();
    const usage = client(url);
    const counted = () => usage.hgetall('galaxia.usage.7.user a');
    while ((await counted()).operations !== '10') await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await counted()).toEqual({ operations: '10', cost: '25' });
    expect(await usage.ttl('galaxia.usage.7.user a')).toBeGreaterThan(60);
    // Each hears of the other when it next says something of its own; at the latest then it refuses.
    while (other?.take('user a', 0) === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(Number((await counted()).operations)).toBeLessThanOrEqual(12);
  });
});

describe('A gateway whose Redis is away', () => {
  it('keeps documents and counts for itself', async () => {
    const policy = await open('redis://127.0.0.1:1');
    expect(await textOf(policy, hashOf('{ a }'))).toBeUndefined();
    policy.register(hashOf('{ a }'), '{ a }');
    expect(await textOf(policy, hashOf('{ a }'))).toBe('{ a }');
  });
});
