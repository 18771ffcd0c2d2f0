import { afterEach, describe, expect, it } from '@jest/globals';
import { startWakeableLoop, type WakeableLoop, type WakeableLoopOptions } from './wakeable-loop.js';

/** Longer than any test: whatever happens sooner was not the poll. */
const never = 3_600_000;

describe('A wakeable loop', () => {
  const loops: WakeableLoop[] = [];
  afterEach(async () => {
    await Promise.all(loops.splice(0).map((loop) => loop.close()));
  });

  function start(options: Partial<WakeableLoopOptions> & Pick<WakeableLoopOptions, 'work'>): WakeableLoop {
    const loop = startWakeableLoop({ pollMs: never, onError: () => undefined, ...options });
    loops.push(loop);
    return loop;
  }

  /** Resolves with the round when the work has begun so many times. */
  function counted() {
    let rounds = 0;
    let told: () => void = () => undefined;
    const begin = (): void => {
      rounds += 1;
      told();
    };
    return {
      rounds: () => rounds,
      begin,
      work: (): Promise<void> => {
        begin();
        return Promise.resolve();
      },
      async until(round: number) {
        while (rounds < round) await new Promise<void>((resolve) => (told = resolve));
      },
    };
  }

  it('works at the start, at a poll and at a wake', async () => {
    const count = counted();
    start({ pollMs: 1, work: count.work });
    await count.until(3);
    const woken = counted();
    const loop = start({ work: woken.work });
    await woken.until(1);
    loop.wake();
    await woken.until(2);
    expect(woken.rounds()).toBe(2);
  });

  it('works once more after a wake that came while it was at work', async () => {
    const count = counted();
    let finish: () => void = () => undefined;
    const loop = start({
      work() {
        count.begin();
        return new Promise<void>((resolve) => (finish = resolve));
      },
    });
    await count.until(1);
    loop.wake();
    finish();
    await count.until(2);
    finish();
    expect(count.rounds()).toBe(2);
  });

  it('tells of what fails and goes on', async () => {
    const count = counted();
    const errors: unknown[] = [];
    const fault = new Error('fault');
    start({
      pollMs: 1,
      onError: (error) => errors.push(error),
      work() {
        count.begin();
        return Promise.reject(fault);
      },
    });
    await count.until(2);
    expect(errors[0]).toBe(fault);
  });

  it('closes after the work under way, which is told of it, and works no more', async () => {
    const count = counted();
    let isFinished = false;
    const loop = start({
      async work({ closing }) {
        count.begin();
        await new Promise((resolve) => closing.addEventListener('abort', resolve, { once: true }));
        isFinished = true;
      },
    });
    await count.until(1);
    await loop.close();
    loop.wake();
    expect({ isFinished, rounds: count.rounds() }).toEqual({ isFinished: true, rounds: 1 });
  });
});
