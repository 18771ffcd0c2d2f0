import { describe, expect, it } from '@jest/globals';
import { clientKey } from './client-key.js';
import { createOperationRates, type ShareUsage } from './operation-rates.js';

const minute = 60_000;

describe('The rates of a client', () => {
  it('begin anew with each minute of the clock, and say when that is', () => {
    let time = 10 * minute + 59_001;
    const rates = createOperationRates({ rules: { operations: 2, cost: 100 }, now: () => time });
    expect([rates.take('a', 1), rates.take('a', 1)]).toEqual([undefined, undefined]);
    expect(rates.take('a', 1)).toMatchObject({ code: 'RATE_LIMITED', retryAfter: 1 });
    time = 11 * minute;
    expect(rates.take('a', 1)).toBeUndefined();
  });

  it('are refused just above the cost, and what is refused does not count', () => {
    const rates = createOperationRates({ rules: { operations: 100, cost: 10 }, now: () => 0 });
    expect(rates.take('a', 11)).toMatchObject({ code: 'RATE_LIMITED' });
    expect(rates.take('a', 10)).toBeUndefined();
    expect(rates.take('a', 0)).toBeUndefined();
    expect(rates.take('a', 1)).toMatchObject({ code: 'RATE_LIMITED' });
  });

  it('include what others counted, and are shared again after a failure', async () => {
    const told: (readonly [string, { operations: number; cost: number }])[] = [];
    const answers: ReturnType<ShareUsage>[] = [Promise.reject(new Error('away')), Promise.resolve([{ operations: 9, cost: 9 }])];
    let wake: () => void = () => undefined;
    const shared = new Promise<void>((resolve) => (wake = resolve));
    const rates = createOperationRates({
      rules: { operations: 10, cost: 100 },
      now: () => 0,
      shareIntervalMs: 1,
      share(_minute, counted) {
        told.push(...counted.map(([key, usage]) => [key, { ...usage }] as const));
        const answer = answers.shift();
        if (answers.length === 0) wake();
        return answer ?? Promise.resolve([]);
      },
    });
    expect(rates.take('a', 3)).toBeUndefined();
    await shared;
    await rates.close();
    expect(told).toEqual([
      ['a', { operations: 1, cost: 3 }],
      ['a', { operations: 1, cost: 3 }],
    ]);
    expect(rates.take('a', 3)).toBeUndefined();
    expect(rates.take('a', 3)).toMatchObject({ code: 'RATE_LIMITED' });
  });
});

describe('The name under which a client counts', () => {
  const viewer = { userId: 'u', username: 'u', sessionId: 's', roles: [], authenticatedAt: 0, expiresAt: 0 };
  it.each([
    ['203.0.113.9', '203.0.113.0/24'],
    ['::ffff:203.0.113.9', '203.0.113.0/24'],
    ['2001:db8:1:2:3::4', '2001:db8:1:2::/64'],
    ['127.0.0.1', undefined],
    ['10.9.8.7', undefined],
    ['172.31.255.255', undefined],
    ['172.32.0.1', '172.32.0.0/24'],
    ['::1', undefined],
    ['::ffff:10.0.0.1', undefined],
    ['fd00::1', undefined],
    [undefined, undefined],
  ])('is, from %s, %s', (address, key) => {
    expect(clientKey({ viewer: null, subgraphHeaders: address === undefined ? {} : { 'x-client-ip': address } })).toBe(key);
    expect(clientKey({ viewer, subgraphHeaders: {} })).toBe('user u');
  });
});
