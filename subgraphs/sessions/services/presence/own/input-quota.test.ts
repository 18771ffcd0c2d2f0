import { describe, expect, it } from '@jest/globals';
import { createVirtualScheduler } from '../../../presence/virtual-scheduler.js';
import { quotaMs } from '../../../presence/session-inputs.js';
import { createInputQuota } from './input-quota.js';

function create(scale = 1) {
  const scheduler = createVirtualScheduler();
  const applied: string[] = [];
  let gate: Promise<void> = Promise.resolve();
  const failures: unknown[] = [];
  const quota = createInputQuota<string, string>({
    async apply(input) {
      await gate;
      if (input.includes('bad')) throw new Error(input);
      applied.push(input);
      return input.toUpperCase();
    },
    merge: (earlier, later) => `${earlier}+${later}`,
    onFailed: (error) => failures.push(error),
    scheduler,
    scale,
  });
  return {
    scheduler,
    applied,
    failures,
    quota,
    pass: async (ms: number) => {
      scheduler.advance(ms);
      await new Promise(setImmediate);
    },
    pause: () => {
      let open = (): void => undefined;
      gate = new Promise((resolve) => (open = resolve));
      return open;
    },
  };
}

describe('The input quota', () => {
  it('P6: lets 5 inputs in 20 s take effect at once; the sixth and later ones together when the first stops counting', async () => {
    const { quota, applied, pass } = create();
    for (const input of ['1', '2', '3', '4', '5']) {
      expect(await quota.take('s', input)).toEqual({ kind: 'Done', result: input });
      await pass(1_000);
    }
    expect(await quota.take('s', '6')).toEqual({ kind: 'Later', merged: '6' });
    expect(await quota.take('s', '7')).toEqual({ kind: 'Later', merged: '6+7' });
    await pass(quotaMs - 5_000 - 1);
    expect(applied).toEqual(['1', '2', '3', '4', '5']);
    await pass(1);
    expect(applied).toEqual(['1', '2', '3', '4', '5', '6+7']);
    // In any span of 20 s, not only in fixed ones.
    expect(await quota.take('s', '8')).toEqual({ kind: 'Later', merged: '8' });
    await pass(999);
    expect(applied).toHaveLength(6);
    await pass(1);
    expect(applied.at(-1)).toBe('8');
  });

  it('P6: never lets more than 5 take effect in 20 s, however many come', async () => {
    const { quota, applied, pass, scheduler } = create();
    const times: number[] = [];
    for (let index = 0; index < 400; index += 1) {
      await quota.take('s', 'x');
      while (times.length < applied.length) times.push(scheduler.now());
      await pass(250);
      while (times.length < applied.length) times.push(scheduler.now());
    }
    expect(Math.max(...times.map((time) => times.filter((other) => other >= time && other < time + quotaMs).length))).toBe(5);
    expect(times.length).toBeGreaterThanOrEqual(25);
  });

  it('counts each session apart, and is multiplied by the scale', async () => {
    const { quota, applied } = create(2);
    for (let index = 0; index < 11; index += 1) for (const session of ['s', 't']) await quota.take(session, session);
    expect(applied).toHaveLength(20);
  });

  it('lets no input overtake another of its session', async () => {
    const { quota, applied, pause } = create();
    const go = pause();
    const both = [quota.take('s', '1'), quota.take('s', '2')];
    go();
    await Promise.all(both);
    expect(applied).toEqual(['1', '2']);
  });

  it('tells of an input that failed later, and goes on', async () => {
    const { quota, applied, failures, pass } = create();
    for (let index = 0; index < 5; index += 1) await quota.take('s', 'x');
    await quota.take('s', 'bad');
    await pass(quotaMs);
    expect([failures.length, applied.length]).toEqual([1, 5]);
    await expect(quota.take('t', 'bad')).rejects.toThrow('bad');
    expect(await quota.take('t', 'good')).toMatchObject({ kind: 'Done' });
  });

  it('lets what waits take effect when the process stops, and nothing after it was taken back', async () => {
    const { quota, applied, scheduler } = create();
    for (const session of ['s', 't']) for (let index = 0; index < 6; index += 1) await quota.take(session, `${session}${index}`);
    expect(quota.cancel('t')).toBe('t5');
    expect(quota.cancel('nobody')).toBeUndefined();
    await quota.close();
    expect([applied.slice(10), scheduler.waiting]).toEqual([['s5'], 0]);
  });

  it('keeps nothing of sessions that say nothing any more', async () => {
    const { quota, pass, scheduler } = create();
    for (let index = 0; index < 100; index += 1) await quota.take(`s${index}`, 'x');
    expect(scheduler.waiting).toBe(100);
    await pass(quotaMs);
    expect(scheduler.waiting).toBe(0);
  });
});
