import { describe, expect, it } from '@jest/globals';
import { createMemoryPersistedQueries } from './persisted-queries.js';

const text = (index: number, length: number): string => `{ a${index} }`.padEnd(length, ' ');

describe('Persisted queries in memory', () => {
  it('stay within their bytes, and forget the one that was used longest ago', () => {
    // 300 characters and 200 bytes around them: 800 each.
    const queries = createMemoryPersistedQueries(16 * 800);
    for (let n = 0; n < 16; n++) queries.put(String(n), text(n, 300));
    expect(queries.get('0')).toBeDefined();
    queries.put('16', text(16, 300));
    expect(queries.get('1')).toBeUndefined();
    expect([queries.get('0'), queries.get('2'), queries.get('16')].map((each) => each?.trim())).toEqual(['{ a0 }', '{ a2 }', '{ a16 }']);
  });

  it('do not keep one that would push out many', () => {
    const queries = createMemoryPersistedQueries(16 * 800);
    queries.put('large', text(1, 301));
    queries.put('fits', text(2, 300));
    expect([queries.get('large'), queries.get('fits')?.trim()]).toEqual([undefined, '{ a2 }']);
  });

  it('count a document that is put twice once', () => {
    const queries = createMemoryPersistedQueries(16 * 800);
    for (let n = 0; n < 100; n++) queries.put('same', text(1, 300));
    for (let n = 0; n < 15; n++) queries.put(String(n), text(n, 300));
    expect(queries.get('same')).toBeDefined();
  });
});
