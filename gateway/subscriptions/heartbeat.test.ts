import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createHeartbeat } from './heartbeat.js';

describe('A heartbeat', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  function start() {
    const heartbeat = createHeartbeat({ pingIntervalMs: 15_000, pongTimeoutMs: 10_000 }, () => Date.now());
    const told: string[] = [];
    const person = (name: string) => ({ ping: () => told.push(`ping ${name}`), onDead: () => told.push(`dead ${name}`) });
    return { heartbeat, told, person };
  }

  it('asks nobody before the interval is over, and gives up who does not answer in time, once', () => {
    const { heartbeat, told, person } = start();
    heartbeat.add(person('alice'));
    jest.advanceTimersByTime(14_999);
    expect(told).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(told).toEqual(['ping alice']);
    jest.advanceTimersByTime(9_999);
    expect(told).toEqual(['ping alice']);
    jest.advanceTimersByTime(60_000);
    expect(told).toEqual(['ping alice', 'dead alice']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('asks who has answered again an interval after the answer, and at most 0.1 s late', () => {
    const { heartbeat, told, person } = start();
    const alice = person('alice');
    heartbeat.add(alice);
    jest.advanceTimersByTime(20_000);
    heartbeat.heard(alice);
    jest.advanceTimersByTime(14_999);
    expect(told).toEqual(['ping alice']);
    jest.advanceTimersByTime(101);
    expect(told).toEqual(['ping alice', 'ping alice']);
  });

  it('keeps thousands with one timer, and none behind the last one who leaves', () => {
    const { heartbeat, told, person } = start();
    const people = Array.from({ length: 5_000 }, (_, n) => person(String(n)));
    for (const each of people) heartbeat.add(each);
    expect(jest.getTimerCount()).toBe(1);
    jest.advanceTimersByTime(15_000);
    expect(told).toHaveLength(5_000);
    expect(jest.getTimerCount()).toBe(1);
    for (const each of people) heartbeat.remove(each);
    expect(jest.getTimerCount()).toBe(0);
    jest.advanceTimersByTime(60_000);
    expect(told).toHaveLength(5_000);
  });

  it('forgets who has left: an answer that comes late does not bring them back', () => {
    const { heartbeat, told, person } = start();
    const alice = person('alice');
    heartbeat.add(alice);
    heartbeat.remove(alice);
    heartbeat.heard(alice);
    expect(jest.getTimerCount()).toBe(0);
    jest.advanceTimersByTime(60_000);
    expect(told).toEqual([]);
  });
});
