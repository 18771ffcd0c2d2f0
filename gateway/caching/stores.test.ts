import { afterAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { connectRedis } from '../../tests/testkit/gateway/connected-redis.js';
import type { AnswerStore, KeptAnswer } from './answer-store.js';
import { createMemoryStore } from './memory-store.js';
import { createRedisStore } from './redis-store.js';
import { createTieredStore } from './tiered-store.js';

const later = (text: string, generation?: string): KeptAnswer => ({
  text,
  stamp: 7,
  expiresAt: Date.now() + 60_000,
  ...(generation === undefined ? {} : { generation }),
});

const connected = await connectRedis();
const redis = connected?.redis;
afterAll(() => connected?.close());

const stores: Record<string, () => AnswerStore> = { 'in memory': () => createMemoryStore({ maxBytes: 100_000, maxEntries: 100 }) };
if (redis !== undefined) {
  const far = () => createRedisStore(redis, { maxLength: 100, timeoutMs: 5_000 });
  stores['on Redis'] = far;
  stores['near and far'] = () => createTieredStore(createMemoryStore({ maxBytes: 100_000, maxEntries: 100 }), far());
}

describe.each(Object.entries(stores))('A store of answers, %s,', (kind, open) => {
  it('gives back what it was given, where it was asked for', async () => {
    const store = open();
    store.write(`${kind} one`, later('{"a":"ä 1"}'));
    store.write(`${kind} two`, later('null'));
    const { answers, generation } = await store.read([`${kind} two`, `${kind} none`, `${kind} one`], undefined);
    expect(answers.map((answer) => answer?.text)).toEqual(['null', undefined, '{"a":"ä 1"}']);
    expect(generation).toBeUndefined();
  });

  it('gives nothing that has expired', async () => {
    const store = open();
    store.write(`${kind} over`, { text: '1', stamp: 0, expiresAt: Date.now() });
    store.write(`${kind} long over`, { text: '1', stamp: 0, expiresAt: 0 });
    expect((await store.read([`${kind} over`, `${kind} long over`], undefined)).answers).toEqual([undefined, undefined]);
  });

  it('knows one generation of a user until it is renewed, and keeps it with what was written in it', async () => {
    const store = open();
    const { generation } = await store.read([`${kind} own`], `${kind} ann`);
    expect(generation).toMatch(/^[\w-]+$/);
    store.write(`${kind} own`, later('1', generation));
    const before = await store.read([`${kind} own`], `${kind} ann`);
    expect(before.generation).toBe(generation);
    expect(before.answers).toMatchObject([{ generation }]);
    await store.renew(`${kind} ann`);
    const after = await store.read([`${kind} own`], `${kind} ann`);
    expect(after.generation).not.toBe(generation);
    expect((await store.read([`${kind} own`], `${kind} bob`)).generation).not.toBe(after.generation);
  });
});

describe.each(Object.entries(stores).filter(([kind]) => kind !== 'in memory'))('Two gateways with stores of answers, %s,', (kind, open) => {
  it('share what is public, and hear of each other’s changes', async () => {
    const [one, other] = [open(), open()];
    const [shared, own, subject] = [`${kind} shared`, `${kind} owned`, `${kind} cat`];
    const { generation } = await one.read([own], subject);
    one.write(shared, later('1'));
    one.write(own, later('2', generation));
    const before = await other.read([shared, own], subject);
    expect(before).toMatchObject({ answers: [{ text: '1' }, { text: '2', generation }], generation });
    await other.renew(subject);
    const after = await one.read([shared, own], subject);
    expect(after.answers[0]?.text).toBe('1');
    expect(after.generation).not.toBe(generation);
  });
});

describe('A store of answers in memory', () => {
  it('SECURITY: brings nobody back to a generation that was theirs before', async () => {
    const store = createMemoryStore({ maxBytes: 100_000, maxEntries: 100, maxSubjects: 2 });
    const seen = new Map<string, Set<string | undefined>>();
    const look = async (subject: string) => (await store.read([], subject)).generation;
    for (let n = 0; n < 20; n += 1) {
      const subject = `user ${n % 4}`;
      const before = seen.get(subject) ?? new Set();
      seen.set(subject, before.add(await look(subject)));
      await store.renew(subject);
      expect(before.has(await look(subject))).toBe(false);
    }
  });
});

describe('A store of answers on Redis', () => {
  type Replies = Partial<Record<'mget' | 'set', (...parameters: readonly unknown[]) => Promise<unknown>>>;
  const storeOver = (replies: Replies, options: { now?: () => number } = {}) => {
    const asked: unknown[][] = [];
    const fake = {
      mget: (...given: readonly unknown[]) => (asked.push(['mget', ...given]), replies.mget?.(...given) ?? Promise.resolve([])),
      set: (...given: readonly unknown[]) => (asked.push(['set', ...given]), replies.set?.(...given) ?? Promise.resolve('OK')),
    };
    return { asked, store: createRedisStore(fake as unknown as Redis, { maxLength: 10, timeoutMs: 5, ...options }) };
  };
  const nothing = { answers: [undefined], generation: undefined };

  it.each([
    ['fails', () => Promise.reject(new Error('connection lost'))],
    ['does not answer', () => new Promise(() => undefined)],
  ])('that %s has nothing, keeps nothing private, and is left alone for a second', async (_what, mget) => {
    let now = 1_000;
    const { asked, store } = storeOver({ mget }, { now: () => now });
    expect(await store.read(['key'], 'ann')).toEqual(nothing);
    now = 1_999;
    expect(await store.read(['key'], 'ann')).toEqual(nothing);
    store.write('key', { text: '1', stamp: 0, expiresAt: now + 60_000 });
    expect(asked).toHaveLength(1);
    now = 2_000;
    await store.read(['key'], 'ann');
    expect(asked).toHaveLength(2);
  });

  it.each([
    '',
    '{"a":1}',
    '9999999999999',
    '9999999999999 -',
    '9999999999999 - 0',
    '9999999999999 - {"a":1}',
    '9999999999999 - 0 %zz {}',
    'soon - 0  {}',
    '-1 - 0  {}',
  ])('takes %p for nothing', async (text) => {
    const { store } = storeOver({ mget: () => Promise.resolve([text]) });
    expect((await store.read(['key'], undefined)).answers).toEqual([undefined]);
  });

  it('keeps texts up to its length', () => {
    const { asked, store } = storeOver({}, { now: () => 0 });
    store.write('key', { text: '1'.repeat(10), stamp: 7, tags: ['a b', 'c,d'], expiresAt: 60_000 });
    expect(asked).toEqual([['set', 'galaxia.answer.key', '60000 - 7 a%20b,c%2Cd 1111111111', 'PX', 60_000]]);
    store.write('key', { text: '1'.repeat(11), stamp: 7, expiresAt: 60_000 });
    expect(asked).toHaveLength(1);
  });

  it('SECURITY: keeps nothing private for a user whose change it could not tell', async () => {
    let [now, isWell] = [0, true];
    const set = () => (isWell ? Promise.resolve('OK') : Promise.reject(new Error('connection lost')));
    const { store } = storeOver({ set, mget: () => Promise.resolve(['old generation', null]) }, { now: () => now });
    isWell = false;
    await store.renew('ann');
    now += 1_000;
    expect((await store.read(['key'], 'ann')).generation).toBeUndefined();
    isWell = true;
    now += 1_000;
    expect((await store.read(['key'], 'bob')).generation).toBe('old generation');
    // What is there now has been told.
    expect((await store.read(['key'], 'ann')).generation).toBe('old generation');
  });
});
