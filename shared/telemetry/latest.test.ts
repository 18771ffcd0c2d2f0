import { describe, expect, it } from '@jest/globals';
import { createLatest } from './latest.js';

describe('What was told last', () => {
  it('is nothing when it cannot be told, and no error', async () => {
    const latest = createLatest<number>(() => Promise.reject(new Error('away')));
    expect(await latest()).toBeUndefined();
  });

  it('is asked for no more often than once in a second', async () => {
    const clock = { now: 0 };
    let asked = 0;
    const latest = createLatest(
      () => Promise.resolve((asked += 1)),
      () => clock.now,
    );
    expect([await latest(), await latest()]).toEqual([1, 1]);
    clock.now = 999;
    expect(await latest()).toBe(1);
    clock.now = 1_000;
    expect(await latest()).toBe(2);
  });

  it('is nothing any more when it cannot be told again', async () => {
    const clock = { now: 0 };
    const answers = [Promise.resolve(1), Promise.reject(new Error('away'))];
    const latest = createLatest(
      () => answers.shift() ?? Promise.resolve(3),
      () => clock.now,
    );
    expect(await latest()).toBe(1);
    clock.now = 1_000;
    expect(await latest()).toBeUndefined();
  });

  it('is not waited for by whoever asks while it hangs, and asked for once', async () => {
    const clock = { now: 0 };
    let asked = 0;
    let answer: (value: number) => void = () => undefined;
    const hanging = () => {
      asked += 1;
      return new Promise<number>((resolve) => {
        answer = resolve;
      });
    };
    const latest = createLatest(hanging, () => clock.now, 0);
    expect(await latest()).toBeUndefined();
    clock.now = 5_000;
    expect([await latest(), asked]).toEqual([undefined, 1]);
    answer(7);
    await Promise.resolve();
    clock.now = 5_500;
    expect(await latest()).toBe(7);
  });
});
