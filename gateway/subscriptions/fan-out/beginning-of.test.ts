import { describe, expect, it } from '@jest/globals';
import { beginningOf } from './beginning-of.js';

describe('The beginning of an event', () => {
  const friends = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ user: { id: String(n) }, isOnline: n % 2 === 0, seen: null }));

  it('is the same for equal events, and another one where their first values differ', () => {
    expect(beginningOf({ presence: { cursor: 'a', entries: friends(3) } })).toBe(
      beginningOf({ presence: { cursor: 'a', entries: friends(3) } }),
    );
    expect(beginningOf({ presence: { cursor: 'a', entries: friends(3) } })).not.toBe(
      beginningOf({ presence: { cursor: 'b', entries: friends(3) } }),
    );
    expect(beginningOf({ entries: [] })).not.toBe(beginningOf({ entries: friends(1) }));
    expect(beginningOf(null)).toBe('[null]');
  });

  it('is short, however long the event and its texts are', () => {
    expect(beginningOf({ entries: friends(10_000) })).toBe(beginningOf({ entries: friends(11) }));
    expect(beginningOf({ text: 'x'.repeat(100_000) })).toHaveLength(68);
  });
});
