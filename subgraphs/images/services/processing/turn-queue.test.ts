import { describe, expect, it } from '@jest/globals';
import { createTurnQueue } from './turn-queue.js';

const unavailable = { code: 'UNAVAILABLE', retryAfter: expect.any(Number) };

describe('A turn queue', () => {
  it('runs so many at a time, lets so many of each urgency wait, and refuses the rest at once', async () => {
    const queue = createTurnQueue({ concurrency: 2, maxWaiting: { upload: 3, variant: 1 } });
    const started: string[] = [];
    const tasks = Array.from({ length: 6 }, pending);
    const run = (index: number, urgency: 'upload' | 'variant') =>
      queue.run(urgency, () => {
        started.push(`${urgency} ${index}`);
        return tasks[index]?.promise ?? Promise.reject(new Error('no task'));
      });
    const results = [run(0, 'upload'), run(1, 'variant'), run(2, 'variant'), run(3, 'upload'), run(4, 'upload'), run(5, 'upload')];
    expect(started).toEqual(['upload 0', 'variant 1']);
    await expect(queue.run('variant', () => Promise.resolve())).rejects.toMatchObject(unavailable);
    await expect(queue.run('upload', () => Promise.resolve())).rejects.toMatchObject(unavailable);

    for (const task of tasks) task.resolve('done');
    expect(await Promise.all(results)).toEqual(Array.from({ length: 6 }, () => 'done'));
    // Uploads first, although a variant came before them.
    expect(started).toEqual(['upload 0', 'variant 1', 'upload 3', 'upload 4', 'upload 5', 'variant 2']);
  });

  it('goes on after a task that fails', async () => {
    const queue = createTurnQueue({ concurrency: 1, maxWaiting: { upload: 1, variant: 1 } });
    const failing = queue.run('upload', () => Promise.reject(new Error('broken')));
    const next = queue.run('upload', () => Promise.resolve('fine'));
    await expect(failing).rejects.toThrow('broken');
    expect(await next).toBe('fine');
    const thrower = queue.run('upload', () => {
      throw new Error('at once');
    });
    const last = queue.run('variant', () => Promise.resolve('still'));
    await expect(thrower).rejects.toThrow('at once');
    expect(await last).toBe('still');
  });

  it('tells those it refuses when to come again, from how long tasks take', async () => {
    let time = 0;
    const queue = createTurnQueue({ concurrency: 1, maxWaiting: { upload: 0, variant: 0 }, now: () => time });
    const refusal = async () => {
      const task = pending();
      const running = queue.run('upload', () => task.promise);
      const refused = await queue.run('upload', () => Promise.resolve()).catch((error: unknown) => error);
      time += 10_000;
      task.resolve('done');
      await running;
      return (refused as { retryAfter: number }).retryAfter;
    };
    const first = await refusal();
    for (let round = 0; round < 50; round += 1) await refusal();
    expect(first).toBe(1);
    expect(await refusal()).toBe(10);
  });

  it('tells operators who waits, for how long, and how many it has taken and refused', async () => {
    let time = 0;
    const queue = createTurnQueue({ concurrency: 1, maxWaiting: { upload: 1, variant: 1 }, now: () => time });
    const task = pending();
    const running = queue.run('upload', () => task.promise);
    const variant = queue.run('variant', () => Promise.resolve());
    time = 400;
    const upload = queue.run('upload', () => Promise.resolve());
    await expect(queue.run('upload', () => Promise.resolve())).rejects.toMatchObject(unavailable);
    time = 1_000;
    expect(queue.load()).toEqual({ waiting: 2, oldestMs: 1_000, begun: 1, waitedMs: 0, refused: 1 });
    task.resolve('done');
    await Promise.all([running, variant, upload]);
    expect(queue.load()).toEqual({ waiting: 0, oldestMs: 0, begun: 3, waitedMs: 1_600, refused: 1 });
  });

  it('refuses what waits and what comes when it is closed, and waits for what runs', async () => {
    const queue = createTurnQueue({ concurrency: 1, maxWaiting: { upload: 1, variant: 1 } });
    const task = pending();
    const running = queue.run('upload', () => task.promise);
    const waiting = queue.run('variant', () => Promise.resolve());
    let isClosed = false;
    const closing = queue.close().then(() => (isClosed = true));
    await expect(waiting).rejects.toMatchObject(unavailable);
    await expect(queue.run('upload', () => Promise.resolve())).rejects.toMatchObject(unavailable);
    expect(isClosed).toBe(false);
    task.resolve('done');
    expect(await running).toBe('done');
    await closing;
  });
});

function pending() {
  let resolve: (value: string) => void = () => undefined;
  const promise = new Promise<string>((accept) => {
    resolve = accept;
  });
  return { promise, resolve };
}
