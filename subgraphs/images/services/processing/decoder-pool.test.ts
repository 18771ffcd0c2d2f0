import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { createLogger } from '../../../../shared/logging/logger.js';
import type { DecoderJob } from './decoder/jobs.js';
import { createDecoderPool, type DecoderPoolOptions } from './decoder-pool.js';
import type { DecoderOutcome, DecoderProcess } from './decoder-process.js';

const done: DecoderOutcome = { kind: 'Done', result: { kind: 'Rejected', code: 'CORRUPT' } };
const crashed: DecoderOutcome = { kind: 'Crashed', reason: 'SIGSEGV' };
const notStarted: DecoderOutcome = { kind: 'NotStarted', reason: 'EAGAIN' };
const job: DecoderJob = { kind: 'process', path: 'p', declaredType: 'image/png', maxSide: 1, folder: 'f' };

/** A pool whose decoders answer with `outcomes`, one after the other; without one they work until told to end. */
function createPool(outcomes: DecoderOutcome[] = [], options: Partial<DecoderPoolOptions> = {}) {
  const decoders: { isRunning: boolean; isFit: boolean; finish(outcome: DecoderOutcome): void }[] = [];
  function startDecoder(): DecoderProcess {
    const decoder = { isRunning: true, isFit: true, finish: (_: DecoderOutcome): void => undefined };
    decoders.push(decoder);
    return {
      pid: decoders.length,
      run: () => {
        const outcome = outcomes.shift();
        return outcome === undefined ? new Promise((resolve) => (decoder.finish = resolve)) : Promise.resolve(outcome);
      },
      isFit: () => decoder.isFit && decoder.isRunning,
      stop: () => {
        decoder.isRunning = false;
        decoder.finish(crashed);
        return Promise.resolve();
      },
    };
  }
  const logger = createLogger({ name: 'test', level: 'silent' });
  const pool = createDecoderPool({ size: 2, startDecoder, timeLimitMs: 1000, idleMs: 1000, logger, ...options });
  return { pool, decoders, running: () => decoders.map(({ isRunning }) => isRunning) };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('A pool of decoders', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('starts none before there is work, uses one again, and starts another only for work at the same time', async () => {
    const { pool, decoders } = createPool([done, done]);
    expect(decoders).toHaveLength(0);
    await pool.run<'process'>('upload', job);
    await pool.run<'process'>('upload', job);
    expect(decoders).toHaveLength(1);
    const works = Array.from({ length: 3 }, () => pool.run<'process'>('upload', job));
    await settled();
    expect(decoders).toHaveLength(2);
    for (let round = 0; round < 3; round += 1) {
      for (const decoder of decoders) decoder.finish(done);
      await settled();
    }
    await Promise.all(works);
    expect(decoders).toHaveLength(2);
    await pool.close();
  });

  it('ends those that have had no work for a while', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    const { pool, running } = createPool([done, done, done]);
    await pool.run<'process'>('upload', job);
    jest.advanceTimersByTime(999);
    await pool.run<'process'>('upload', job);
    jest.advanceTimersByTime(999);
    expect(running()).toEqual([true]);
    jest.advanceTimersByTime(1);
    expect(running()).toEqual([false]);
    await pool.run<'process'>('upload', job);
    expect(running()).toEqual([false, true]);
    await pool.close();
    expect(running()).toEqual([false, false]);
  });

  it('replaces one that is fit for no more work', async () => {
    const { pool, decoders, running } = createPool([done, done]);
    await pool.run<'process'>('upload', job);
    if (decoders[0]) decoders[0].isFit = false;
    await pool.run<'process'>('upload', job);
    expect(running()).toEqual([false, true]);
    await pool.close();
  });

  it('SECURITY 47: tries a picture whose decoder crashed once more, in another, and gives up after the second crash', async () => {
    const forgiven = createPool([crashed, done]);
    expect(await forgiven.pool.run<'process'>('upload', job)).toEqual(done);
    expect(forgiven.running()).toEqual([false, true]);
    const given = createPool([crashed, notStarted, crashed, done]);
    expect(await given.pool.run<'process'>('upload', job)).toEqual({ kind: 'Crashed' });
    // The next picture has a decoder of its own.
    expect(await given.pool.run<'process'>('upload', job)).toEqual(done);
    await Promise.all([forgiven.pool.close(), given.pool.close()]);
  });

  it('blames no picture when decoders do not come up, or take too long', async () => {
    for (const outcomes of [[notStarted, notStarted], [crashed, notStarted, notStarted], [{ kind: 'TimedOut' } as const]]) {
      const { pool, running } = createPool(outcomes);
      await expect(pool.run<'process'>('upload', job)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfter: expect.any(Number) });
      expect(running()).not.toContain(true);
      await pool.close();
    }
    const recovered = createPool([notStarted, done]);
    expect(await recovered.pool.run<'process'>('upload', job)).toEqual(done);
    await recovered.pool.close();
  });

  it('tries a picture that takes too much memory no second time', async () => {
    const { pool, running } = createPool([{ kind: 'OutOfMemory' }]);
    expect(await pool.run<'process'>('upload', job)).toEqual({ kind: 'OutOfMemory' });
    expect(running()).toEqual([false]);
    await pool.close();
  });

  it('makes a fault of what is not the picture’s, and goes on with the same decoder', async () => {
    const { pool, running } = createPool([{ kind: 'Failed', message: 'no space left' }, done]);
    await expect(pool.run<'process'>('upload', job)).rejects.toThrow('no space left');
    await pool.run<'process'>('upload', job);
    expect(running()).toEqual([true]);
    await pool.close();
  });

  it('ends all when it is closed, and refuses what is under way, what waits, and what comes', async () => {
    const { pool, running } = createPool();
    const works = Array.from({ length: 3 }, () => pool.run<'process'>('upload', job));
    const refusals = Promise.allSettled(works);
    await settled();
    await pool.close();
    for (const refusal of await refusals) expect(refusal).toMatchObject({ status: 'rejected', reason: { code: 'UNAVAILABLE' } });
    await expect(pool.run<'process'>('upload', job)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(running()).toEqual([false, false]);
  });
});
