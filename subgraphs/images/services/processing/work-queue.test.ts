import { describe, expect, it } from '@jest/globals';
import { createWorkQueue } from './work-queue.js';

describe('A work queue', () => {
  it('runs so many at a time, lets so many wait, and refuses the rest at once', async () => {
    const queue = createWorkQueue({ concurrency: 2, capacity: 3 });
    const tasks = Array.from({ length: 5 }, () => pending());
    const order: number[] = [];
    const results = tasks.map((task, index) =>
      queue.run(() => {
        order.push(index);
        return task.promise;
      }),
    );
    expect(order).toEqual([0, 1]);
    await expect(queue.run(() => Promise.resolve())).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfter: 5 });

    tasks[1]?.resolve('one');
    expect(await results[1]).toBe('one');
    expect(order).toEqual([0, 1, 2]);
    for (const task of tasks) task.resolve('done');
    expect(await Promise.all(results)).toEqual(['done', 'one', 'done', 'done', 'done']);
    expect(order).toEqual([0, 1, 2, 3, 4]);
  });

  it('goes on after a task that fails', async () => {
    const queue = createWorkQueue({ concurrency: 1, capacity: 1 });
    const failing = queue.run(() => Promise.reject(new Error('broken')));
    const next = queue.run(() => Promise.resolve('fine'));
    await expect(failing).rejects.toThrow('broken');
    expect(await next).toBe('fine');
    expect(await queue.run(() => Promise.resolve('still'))).toBe('still');
  });
});

function pending() {
  let resolve: (value: string) => void = () => undefined;
  const promise = new Promise<string>((accept) => {
    resolve = accept;
  });
  return { promise, resolve };
}
