import { describe, expect, it } from '@jest/globals';
import { createBatchedRead } from './batched-read.js';

describe('Reads by key', () => {
  function start(maxKeys?: number) {
    const asked: (readonly string[])[] = [];
    const read = createBatchedRead((keys) => {
      asked.push(keys);
      if (keys.includes('broken')) return Promise.reject(new Error('no database'));
      return Promise.resolve(new Map(keys.filter((key) => key !== 'nobody').map((key) => [key, `${key} of ${asked.length}`])));
    }, maxKeys);
    return { asked, read };
  }

  it('that begin in one turn of the event loop are one, and each gets its own', async () => {
    const { asked, read } = start();
    expect(await Promise.all([read('a'), read('nobody'), read('b')])).toEqual(['a of 1', undefined, 'b of 1']);
    expect(asked).toEqual([['a', 'nobody', 'b']]);
  });

  it('are never answered by an earlier one', async () => {
    const { read } = start();
    expect(await read('a')).toBe('a of 1');
    expect(await read('a')).toBe('a of 2');
  });

  it('are as many as it takes for more keys than one may have', async () => {
    const { asked, read } = start(2);
    await Promise.all(['a', 'b', 'c'].map(read));
    expect(asked).toEqual([['a', 'b'], ['c']]);
  });

  it('fail together, and not those after them', async () => {
    const { read } = start();
    const failed = await Promise.allSettled([read('a'), read('broken')]);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await read('a')).toBe('a of 2');
  });
});
