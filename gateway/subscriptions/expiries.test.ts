import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createExpiries } from './expiries.js';

describe('Expiries', () => {
  beforeEach(() => void jest.useFakeTimers({ now: 1_000_000 }));
  afterEach(() => void jest.useRealTimers());

  function start() {
    const over: string[] = [];
    return { over, expiries: createExpiries<string>((item) => over.push(item), Date.now) };
  }

  it('are told once, not before their time and at most 0.1 s after it', () => {
    const { over, expiries } = start();
    expiries.add('late', 1_000_250);
    expiries.add('early', 1_000_101);
    jest.advanceTimersByTime(100);
    expect(over).toEqual([]);
    jest.advanceTimersByTime(100);
    expect(over).toEqual(['early']);
    jest.advanceTimersByTime(49);
    expect(over).toEqual(['early']);
    jest.advanceTimersByTime(51);
    expect(over).toEqual(['early', 'late']);
    jest.advanceTimersByTime(60_000);
    expect(over).toEqual(['early', 'late']);
  });

  it('of what is over already are told at once, but not before the caller is done', () => {
    const { over, expiries } = start();
    expiries.add('past', 999_000);
    expect(over).toEqual([]);
    jest.advanceTimersByTime(0);
    expect(over).toEqual(['past']);
  });

  it('of thousands are one timer, and none is left behind the last one who is removed', () => {
    const { over, expiries } = start();
    const items = Array.from({ length: 5_000 }, (_, n) => ({ name: String(n), at: 1_000_000 + n * 7 }));
    for (const { name, at } of items) expiries.add(name, at);
    expect(jest.getTimerCount()).toBe(1);
    for (const { name, at } of items) expiries.remove(name, at);
    expect(jest.getTimerCount()).toBe(0);
    jest.advanceTimersByTime(60_000);
    expect(over).toEqual([]);
  });

  it('may lie further ahead than a timer can', () => {
    const { over, expiries } = start();
    const month = 30 * 86_400_000;
    expiries.add('in a month', 1_000_000 + month);
    jest.advanceTimersByTime(month - 1);
    expect(over).toEqual([]);
    jest.advanceTimersByTime(101);
    expect(over).toEqual(['in a month']);
  });
});
