import { describe, expect, it } from '@jest/globals';
import { createBatchedLookup } from './batched-lookup.js';

describe('Lookups of many keys', () => {
  function start(maxKeys?: number) {
    const asked: (readonly string[])[] = [];
    const lookUp = createBatchedLookup((keys) => {
      asked.push(keys);
      return Promise.resolve(new Map(keys.map((key) => [key, `${key} of ${asked.length}`])));
    }, maxKeys);
    return { asked, lookUp };
  }

  it('that begin in one turn of the event loop are one, in which each key stands once', async () => {
    const { asked, lookUp } = start();
    const [first, second] = await Promise.all([lookUp(['a', 'b']), lookUp(['b', 'c'])]);
    expect(asked).toEqual([['a', 'b', 'c']]);
    expect([first.get('a'), second.get('c'), second]).toEqual(['a of 1', 'c of 1', first]);
  });

  it('have the limit of one read in common', async () => {
    const { asked, lookUp } = start(2);
    const [found] = await Promise.all([lookUp(['a', 'b']), lookUp(['c'])]);
    expect(asked).toEqual([['a', 'b'], ['c']]);
    expect([...found.keys()]).toEqual(['a', 'b', 'c']);
  });

  it('are no larger than it takes: after 2,000 keys another one begins', async () => {
    const { asked, lookUp } = start(5_000);
    const many = (name: string) => Array.from({ length: 1_500 }, (_, n) => `${name} ${n}`);
    await Promise.all([lookUp(many('a')), lookUp(many('b')), lookUp(many('c'))]);
    expect(asked.map(({ length }) => length)).toEqual([3_000, 1_500]);
  });

  it('that begin while one is under way are another', async () => {
    const { asked, lookUp } = start();
    const first = lookUp(['a']);
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([first, lookUp(['a'])]);
    expect(asked).toEqual([['a'], ['a']]);
  });
});
