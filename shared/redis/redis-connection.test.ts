import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { watchSilence } from './redis-connection.js';

/** As much of ioredis as is watched; every connection has a stream of its own. */
class Connection extends EventEmitter {
  readonly cuts: number[] = [];
  #streams = 0;
  stream = this.#open();

  connect(): void {
    this.stream = this.#open();
    this.emit('connect');
  }

  #open() {
    const number = (this.#streams += 1);
    return {
      destroy: () => {
        this.cuts.push(number);
        return this.stream as never;
      },
    };
  }
}

describe('A connection to Redis that says nothing', () => {
  let redis: Connection;
  let watch: ReturnType<typeof watchSilence>;
  beforeEach(() => {
    jest.useFakeTimers();
    redis = new Connection();
    watch = watchSilence(redis as never, 1_000);
  });
  afterEach(() => {
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('is cut when an answer does not come in time, and not a millisecond before', async () => {
    let refuse: (reason: Error) => void = () => undefined;
    const answer = watch.within(500, new Promise((_resolve, reject) => (refuse = reject)));
    jest.advanceTimersByTime(499);
    expect(redis.cuts).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(redis.cuts).toEqual([1]);
    refuse(new Error('cut'));
    await expect(answer).rejects.toThrow('cut');
  });

  it('is cut when its server takes it and never greets', () => {
    redis.connect();
    jest.advanceTimersByTime(999);
    expect(redis.cuts).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(redis.cuts).toEqual([2]);
  });

  it.each(['ready', 'close'])('is left alone after "%s"', (event) => {
    redis.connect();
    redis.emit(event);
    jest.advanceTimersByTime(5_000);
    expect(redis.cuts).toEqual([]);
  });

  it('takes nothing from the next one, when it broke while an answer was waited for', async () => {
    const answer = watch.within(1_000, Promise.reject(new Error('broken')));
    await expect(answer).rejects.toThrow('broken');
    redis.emit('close');
    redis.connect();
    redis.emit('ready');
    jest.advanceTimersByTime(5_000);
    expect(redis.cuts).toEqual([]);
  });
});
