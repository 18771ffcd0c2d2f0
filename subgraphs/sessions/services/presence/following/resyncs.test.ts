import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../../../../shared/logging/logger.js';
import { createVirtualScheduler } from '../../../presence/virtual-scheduler.js';
import { createResyncs } from './resyncs.js';

function create() {
  const scheduler = createVirtualScheduler();
  let turn = 0;
  const logger = createLogger({ name: 'test', level: 'silent' });
  // Even steps instead of chance.
  const resyncs = createResyncs({ scheduler, logger, random: () => ((turn += 1) % 1_000) / 1_000 });
  const done: number[] = [];
  const subscription = (index: number) => ({ resync: () => Promise.resolve(done.push(index) > 0) });
  return { scheduler, resyncs, done, subscription };
}

const nobody = (): boolean => false;

describe('Resyncs', () => {
  it('of 15,000 subscriptions are spread over 10 s after the first, each comes once', async () => {
    const { scheduler, resyncs, done, subscription } = create();
    resyncs.begin(
      Array.from({ length: 15_000 }, (_, index) => subscription(index)),
      Promise.resolve(),
      nobody,
    );
    await new Promise(setImmediate);
    let most = 0;
    scheduler.advance(1_000);
    expect(done.length).toBeLessThanOrEqual(15);
    for (let second = 0; second < 10; second += 1) {
      const before = done.length;
      scheduler.advance(1_000);
      most = Math.max(most, done.length - before);
    }
    expect([done.length, new Set(done).size]).toEqual([15_000, 15_000]);
    expect(most).toBeLessThanOrEqual(1_600);
  });

  it('wait for the connections, and go on without them when they fail', async () => {
    const { scheduler, resyncs, done, subscription } = create();
    let fail = (_error: Error): void => undefined;
    resyncs.begin([subscription(1)], new Promise((_resolve, reject) => (fail = reject)), nobody);
    scheduler.advance(60_000);
    expect(done).toEqual([]);
    fail(new Error('down'));
    await new Promise(setImmediate);
    scheduler.advance(1_250);
    expect(done).toEqual([1]);
  });

  it('are forgotten with their subscription', async () => {
    const { scheduler, resyncs, done, subscription } = create();
    const [staying, leaving, late] = [subscription(1), subscription(2), subscription(3)];
    resyncs.begin([staying, leaving, late], Promise.resolve(), nobody);
    resyncs.forget(leaving);
    await new Promise(setImmediate);
    resyncs.forget(late);
    scheduler.advance(1_250);
    expect([done, scheduler.waiting]).toEqual([[1], 0]);
  });
});
