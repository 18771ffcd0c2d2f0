import { describe, expect, it } from '@jest/globals';
import { createBoundedTexts } from './bounded-texts.js';

const entry = (length: number) => ({ text: 'x'.repeat(length) });

describe('Bounded texts', () => {
  it('stay within their bytes, and forget the one that was used longest ago', () => {
    // 100 characters and 200 bytes around them.
    const texts = createBoundedTexts({ maxBytes: 16 * 400, overheadBytes: 200 });
    for (let n = 0; n < 16; n += 1) texts.set(String(n), entry(100));
    expect(texts.stats()).toEqual({ entries: 16, bytes: 16 * 400 });
    expect(texts.get('0')).toBeDefined();
    texts.set('16', entry(1));
    expect(texts.get('1')).toBeUndefined();
    expect(texts.get('0')).toBeDefined();
    expect(texts.stats()).toEqual({ entries: 16, bytes: 15 * 400 + 202 });
  });

  it('stay within their number', () => {
    const texts = createBoundedTexts({ maxBytes: 1_000_000, maxEntries: 3, overheadBytes: 0 });
    for (const key of ['a', 'b', 'c']) texts.set(key, entry(1));
    expect(texts.stats().entries).toBe(3);
    texts.set('d', entry(1));
    expect([texts.get('a'), texts.get('b')]).toEqual([undefined, entry(1)]);
    expect(texts.stats()).toEqual({ entries: 3, bytes: 6 });
  });

  it('keep none with more than a sixteenth of all, nor what was there before it', () => {
    const texts = createBoundedTexts({ maxBytes: 16 * 400, overheadBytes: 200 });
    texts.set('key', entry(100));
    expect(texts.get('key')).toEqual(entry(100));
    texts.set('key', entry(101));
    expect(texts.get('key')).toBeUndefined();
    expect(texts.stats()).toEqual({ entries: 0, bytes: 0 });
  });

  it('count one that is set twice once', () => {
    const texts = createBoundedTexts({ maxBytes: 10_000, overheadBytes: 100 });
    texts.set('key', entry(10));
    texts.set('key', entry(20));
    expect(texts.stats()).toEqual({ entries: 1, bytes: 140 });
    texts.delete('key');
    expect(texts.stats()).toEqual({ entries: 0, bytes: 0 });
  });
});
