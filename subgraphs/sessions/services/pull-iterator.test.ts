import { describe, expect, it } from '@jest/globals';
import { createPullIterator } from './pull-iterator.js';

function create() {
  const values: number[] = [];
  const ends: string[] = [];
  const pull = createPullIterator<number>({ take: () => values.shift(), onEnd: () => ends.push('ended') });
  function put(value: number): void {
    values.push(value);
    pull.wake();
  }
  return { iterator: pull.iterator, end: (last?: number) => pull.end(last), ends, put };
}

describe('A pull iterator', () => {
  it('ends at once, and with it a next() that waits', async () => {
    const { iterator, ends } = create();
    const waiting = [iterator.next(), iterator.next()];
    expect(await iterator.return?.()).toEqual({ value: undefined, done: true });
    expect(ends).toEqual(['ended']);
    for (const each of waiting) expect((await each).done).toBe(true);
  });

  it('ends once, however often and in whatever way it is told to', async () => {
    const { iterator, end, ends, put } = create();
    end();
    end();
    await iterator.return?.();
    await expect(iterator.throw?.(new Error('given up'))).rejects.toThrow('given up');
    put(1);
    expect([ends, await iterator.next()]).toEqual([['ended'], { value: undefined, done: true }]);
  });

  it('gives a last value once, to whoever waits or asks next, and to nobody after it was returned', async () => {
    const done = { value: undefined, done: true };
    const waited = create();
    const waiting = waited.iterator.next();
    waited.end(7);
    expect([await waiting, await waited.iterator.next()]).toEqual([{ value: 7, done: false }, done]);
    const asked = create();
    asked.put(1);
    asked.end(7);
    asked.end(8);
    expect([await asked.iterator.next(), await asked.iterator.next()]).toEqual([{ value: 7, done: false }, done]);
    const returned = create();
    returned.end(7);
    await returned.iterator.return?.();
    expect(await returned.iterator.next()).toEqual(done);
  });

  it('answers those who wait in their order, and takes nothing before it is asked', async () => {
    const { iterator, put } = create();
    const [first, second] = [iterator.next(), iterator.next()];
    put(1);
    put(2);
    put(3);
    expect([(await first).value, (await second).value, (await iterator.next()).value]).toEqual([1, 2, 3]);
  });
});
