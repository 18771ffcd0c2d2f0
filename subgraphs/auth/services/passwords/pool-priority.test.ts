import { constants, getPriority } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { lowerPoolPriority, type ThreadSystem } from './pool-priority.js';

/** A process of this priority, whose pool has these threads, which take what is asked in turn. */
function createSystem(own: number, threads: readonly number[]) {
  const set = new Map<number, number>();
  let asked = 0;
  const system: ThreadSystem = {
    threadSelf: () => Promise.resolve(`77/task/${String(threads[asked++ % threads.length])}`),
    getPriority: () => own,
    setPriority: (id, priority) => void set.set(id, priority),
  };
  return { system, set };
}

describe('The threads that hash passwords', () => {
  it('have a lower priority than the event loop, which keeps its own, where threads have one', async () => {
    const own = getPriority();
    const threads = await lowerPoolPriority(4);
    expect(threads).toHaveLength(process.platform === 'linux' ? 4 : 0);
    expect(threads.map((thread) => getPriority(thread))).toEqual(threads.map(() => Math.min(19, own + 10)));
    expect(getPriority()).toBe(own);
    // A second time changes nothing: it is relative to the event loop.
    expect([...(await lowerPoolPriority(4))].sort()).toEqual([...threads].sort());
    expect(threads.map((thread) => getPriority(thread))).toEqual(threads.map(() => Math.min(19, own + 10)));
  });

  it.each([
    [0, 10],
    [9, 19],
    [10, constants.priority.PRIORITY_LOW],
    [19, constants.priority.PRIORITY_LOW],
  ])('go behind a process of priority %i with %i', async (own, expected) => {
    const { system, set } = createSystem(own, [101, 102, 103]);
    await expect(lowerPoolPriority(3, system)).resolves.toEqual([101, 102, 103]);
    expect([...set]).toEqual([101, 102, 103].map((thread) => [thread, expected]));
  });

  it('are not sought for ever when one of them is busy', async () => {
    const { system } = createSystem(0, [101, 102]);
    await expect(lowerPoolPriority(3, system)).resolves.toEqual([101, 102]);
  });

  it('stay as they are where there is no way to ask, or it is not allowed', async () => {
    const { system } = createSystem(0, [101]);
    await expect(lowerPoolPriority(1, { ...system, threadSelf: () => Promise.reject(new Error('ENOENT')) })).resolves.toEqual([]);
    const refuse = () => {
      throw new Error('EACCES');
    };
    await expect(lowerPoolPriority(1, { ...system, setPriority: refuse })).resolves.toEqual([]);
  });
});
