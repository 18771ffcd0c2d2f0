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
  return { ...pull, ends, put };
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

  it('answers those who wait in their order, and takes nothing before it is asked', async () => {
    const { iterator, put } = create();
    const [first, second] = [iterator.next(), iterator.next()];
    put(1);
    put(2);
    put(3);
    expect([(await first).value, (await second).value, (await iterator.next()).value]).toEqual([1, 2, 3]);
  });
});
