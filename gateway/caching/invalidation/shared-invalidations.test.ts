import { isDeepStrictEqual } from 'node:util';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { composeStage, createCachingStage, publicAnswer } from '../../../tests/testkit/gateway/caching-stage.js';
import { until } from '../../../tests/testkit/until.js';
import { connectRedis } from '../../../tests/testkit/gateway/connected-redis.js';
import type { Invalidation } from './invalidation.js';
import { createInvalidations, type Invalidations } from './invalidations.js';
import { createSharedInvalidations, type SharedInvalidations } from './shared-invalidations.js';

const connected = await connectRedis();
const redis = connected?.redis;
afterAll(() => connected?.close());

(redis === undefined ? describe.skip : describe)('Gateways that share a Redis', () => {
  let gateways: { readonly own: Invalidations; readonly added: Invalidation[]; readonly shared: SharedInvalidations }[];
  const key = 'galaxia.invalidations';
  const tag = (name: string): Invalidation => ({ kind: 'cache_tag', cache_tag: name });

  function open(options: { now?: () => number; intervalMs?: number; most?: number } = {}) {
    if (redis === undefined) throw new Error('there is no Redis');
    const own = createInvalidations({ isShared: true });
    const added: Invalidation[] = [];
    const add = (each: readonly Invalidation[], at?: number): void => {
      added.push(...each);
      own.add(each, at);
    };
    const noting = { ...own, add };
    const gateway = { own, added, shared: createSharedInvalidations(redis, noting, { intervalMs: 60_000, timeoutMs: 5_000, ...options }) };
    gateways.push(gateway);
    return gateway;
  }

  beforeEach(async () => {
    gateways = [];
    await redis?.del(key);
  });
  afterEach(() => {
    for (const { shared } of gateways) shared.close();
  });

  it('begin with the end of everything, when nothing is known of before', async () => {
    const [one, other] = [open(), open()];
    await one.shared.sync();
    await other.shared.sync();
    expect([one.added, other.added]).toEqual([[{ kind: 'all' }], [{ kind: 'all' }]]);
    expect(other.own.stamp()).toBe(one.own.stamp());
    await one.shared.sync();
    expect(one.added).toHaveLength(1);
    expect(await redis?.pttl(key)).toBeGreaterThan(86_400_000);
  });

  it('hear of each other’s, each once and under the same stamps, also who comes later', async () => {
    const [one, other] = [open(), open()];
    await one.shared.sync();
    await one.shared.add([tag('a'), tag('b')]);
    await other.shared.add([tag('c')]);
    await one.shared.sync();
    const late = open();
    await late.shared.sync();
    for (const { added, own } of [one, other, late]) {
      expect(added).toEqual([{ kind: 'all' }, tag('a'), tag('b'), tag('c')]);
      expect(own.stamp()).toBe(one.own.stamp());
    }
  });

  it('hear of them by themselves', async () => {
    const [one, other] = [open(), open({ intervalMs: 5 })];
    await one.shared.add([tag('a')]);
    await until(() => other.added.length === 2, 'the other gateway');
  });

  it('have stamps that grow though their clocks differ', async () => {
    const [fast, slow] = [open({ now: () => 5_000_000 }), open({ now: () => 1_000 })];
    await fast.shared.add([tag('a')]);
    const before = fast.own.stamp();
    await slow.shared.add([tag('b')]);
    expect(slow.own.stamp()).toBe(before + 1);
  });

  it('SECURITY: end everything once more when Redis has forgotten, so that nothing comes back', async () => {
    const one = open();
    await one.shared.add([tag('a')]);
    const before = one.own.stamp();
    await redis?.del(key);
    await one.shared.sync();
    expect(one.added.at(-1)).toEqual({ kind: 'all' });
    expect(one.own.stamp()).toBeGreaterThan(before);
    await redis?.del(key);
    await one.shared.add([tag('b')]);
    expect(one.added.slice(-2)).toEqual([{ kind: 'all' }, tag('b')]);
  });

  it('end everything for what cannot be read, and for what is too much', async () => {
    const one = open();
    await one.shared.sync();
    await redis?.zadd(key, one.own.stamp() + 1, 'not ours');
    await one.shared.sync();
    expect(one.added).toEqual([{ kind: 'all' }, { kind: 'all' }]);
    const few = open({ most: 3 });
    await few.shared.add([tag('a')]);
    expect(await redis?.zcard(key)).toBe(3);
    await few.shared.add([tag('b')]);
    expect(await redis?.zcard(key)).toBe(1);
    expect(few.added.at(-1)).toEqual({ kind: 'all' });
  });

  it('ask anew for what one of them was told to end, though it is kept near', async () => {
    const sdl = composeStage({ users: 'type Query { count: Int }' });
    let count = 0;
    const answer = () => ({ data: { count: (count += 1) }, lifetime: publicAnswer });
    const config = { redisUrl: connected?.url, invalidationSecret: 'x'.repeat(32) };
    const [one, other] = [createCachingStage(sdl, { users: answer }, config), createCachingStage(sdl, { users: answer }, config)];
    const end = () =>
      one.cache.invalidation?.invalidate([{ kind: 'subgraph', subgraph: 'users' }]) ?? Promise.reject(new Error('no access'));
    const isReached = () =>
      end().then(
        () => true,
        () => false,
      );
    const seen = async () => (await other.run('{ count }')).data;
    await until(isReached, 'Redis');
    await until(async () => isDeepStrictEqual(await seen(), await seen()), 'the answer to be kept');
    const before = await seen();
    await end();
    await until(async () => !isDeepStrictEqual(await seen(), before), 'the other gateway to ask anew');
    for (const { cache } of [one, other]) await cache.close();
  });

  it('read more than a page of them', async () => {
    const [one, other] = [open(), open()];
    await other.shared.sync();
    await one.shared.add(Array.from({ length: 1_000 }, (_, n) => tag(`a${n}`)));
    await one.shared.add([tag('b')]);
    await other.shared.sync();
    expect(other.added).toHaveLength(1_002);
  });
});

describe('A gateway that cannot reach Redis', () => {
  it('says so, and ends nothing that others would keep', async () => {
    const away = { eval: () => Promise.reject(new Error('connection lost')) };
    const own = createInvalidations({ isShared: true });
    const shared = createSharedInvalidations(away as unknown as NonNullable<typeof redis>, own);
    await expect(shared.add([{ kind: 'all' }])).rejects.toThrow('connection lost');
    await shared.sync();
    expect(own.stamp()).toBe(0);
    shared.close();
  });
});
