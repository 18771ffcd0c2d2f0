import { describe, expect, it } from '@jest/globals';
import { createBoundedQueue } from './bounded-queue.js';

/** A task that runs until told to end, and says whether it has begun. */
function createTask() {
  let finish: (value: string) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const result = new Promise<string>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  const task = { isRunning: false, finish: (value = 'done') => finish(value), fail: (error: Error) => fail(error), run: () => result };
  return Object.assign(task, {
    run: () => {
      task.isRunning = true;
      return result;
    },
  });
}

/** Long enough for every promise that can settle without a timer. */
const settled = () => new Promise((resolve) => setImmediate(resolve));
const unavailable = expect.objectContaining({ code: 'UNAVAILABLE', retryAfter: expect.any(Number) });

describe('a bounded queue', () => {
  it('refuses what comes when as many wait as may, and not one before', async () => {
    const queue = createBoundedQueue({ concurrency: 2, maxWaiting: 3, maxWaitMs: 1000 });
    const tasks = Array.from({ length: 6 }, createTask);
    const [accepted, last] = [tasks.slice(0, 5), tasks.slice(5)];
    const results = accepted.map((task) => queue.run(task.run));
    for (const task of last) await expect(queue.run(task.run)).rejects.toEqual(unavailable);
    for (const task of accepted) task.finish();
    await expect(Promise.all(results)).resolves.toEqual(['done', 'done', 'done', 'done', 'done']);
    expect(last.map(({ isRunning }) => isRunning)).toEqual([false]);
  });

  it('runs no more at once than it may, in the order of coming', async () => {
    const queue = createBoundedQueue({ concurrency: 2, maxWaiting: 10, maxWaitMs: 1000 });
    const tasks = Array.from({ length: 4 }, createTask);
    const results = tasks.map((task) => queue.run(task.run));
    const running = () => tasks.map(({ isRunning }) => isRunning);
    await settled();
    expect(running()).toEqual([true, true, false, false]);
    tasks[1]?.finish();
    await settled();
    expect(running()).toEqual([true, true, true, false]);
    for (const task of tasks) task.finish();
    await Promise.all(results);
    expect(running()).toEqual([true, true, true, true]);
  });

  it('goes on after a task that failed, and after one that threw at once', async () => {
    const queue = createBoundedQueue({ concurrency: 1, maxWaiting: 10, maxWaitMs: 1000 });
    const failing = createTask();
    const first = queue.run(failing.run);
    const second = queue.run(() => {
      throw new Error('at once');
    });
    const third = queue.run(() => Promise.resolve('third'));
    failing.fail(new Error('later'));
    await expect(first).rejects.toThrow('later');
    await expect(second).rejects.toThrow('at once');
    await expect(third).resolves.toBe('third');
  });

  it('drops who has waited too long, without doing the work', async () => {
    let now = 0;
    const queue = createBoundedQueue({ concurrency: 1, maxWaiting: 10, maxWaitMs: 1000, now: () => now });
    const [running, late, inTime] = [createTask(), createTask(), createTask()];
    const first = queue.run(running.run);
    const second = queue.run(late.run);
    now = 1;
    const third = queue.run(inTime.run);
    inTime.finish('in time');
    now = 1001;
    running.finish();
    await first;
    await expect(second).rejects.toEqual(unavailable);
    await expect(third).resolves.toBe('in time');
    expect(late.isRunning).toBe(false);
  });

  it('tells a refused caller when the queue will have moved on', async () => {
    let now = 0;
    const queue = createBoundedQueue({ concurrency: 1, maxWaiting: 100, maxWaitMs: 1_000_000, now: () => now });
    for (let round = 0; round < 100; round += 1) {
      await queue.run(() => {
        now += 200;
        return Promise.resolve();
      });
    }
    const blocker = createTask();
    const waiting = Array.from({ length: 101 }, () => queue.run(blocker.run));
    // A hundred tasks of 200 ms each.
    await expect(queue.run(blocker.run)).rejects.toMatchObject({ retryAfter: 20 });
    blocker.finish();
    await Promise.all(waiting);
  });

  it('refuses what waits when it is closed, and lets what runs come to its end', async () => {
    const queue = createBoundedQueue({ concurrency: 1, maxWaiting: 10, maxWaitMs: 1000 });
    const task = createTask();
    const running = queue.run(task.run);
    const waiting = queue.run(task.run);
    const closed = queue.close();
    await expect(waiting).rejects.toEqual(unavailable);
    await expect(queue.run(task.run)).rejects.toEqual(unavailable);
    task.finish();
    await expect(running).resolves.toBe('done');
    await closed;
  });

  it('tells operators who waits, for how long, and how many it has taken and refused', async () => {
    let now = 0;
    const queue = createBoundedQueue({ concurrency: 1, maxWaiting: 2, maxWaitMs: 1000, now: () => now });
    expect(queue.load()).toEqual({ waiting: 0, oldestMs: 0, begun: 0, waitedMs: 0, refused: 0 });
    const [running, inTime, late] = [createTask(), createTask(), createTask()];
    const results = [running, inTime].map((task) => queue.run(task.run));
    now = 100;
    const given = queue.run(late.run);
    await expect(queue.run(late.run)).rejects.toEqual(unavailable);
    now = 700;
    expect(queue.load()).toEqual({ waiting: 2, oldestMs: 700, begun: 1, waitedMs: 0, refused: 1 });
    running.finish();
    await results[0];
    expect(queue.load()).toEqual({ waiting: 1, oldestMs: 600, begun: 2, waitedMs: 700, refused: 1 });
    now = 1101;
    inTime.finish();
    await expect(given).rejects.toEqual(unavailable);
    expect(queue.load()).toEqual({ waiting: 0, oldestMs: 0, begun: 2, waitedMs: 700, refused: 2 });
  });
});
