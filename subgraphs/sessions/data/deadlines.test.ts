import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createDeadlines } from './deadlines.js';

describe('Deadlines', () => {
  it('has nothing due when nothing was set', () => {
    const deadlines = createDeadlines();
    expect([deadlines.next(), deadlines.takeDue(Infinity)]).toEqual([null, undefined]);
  });

  it('gives out a key once, at the earliest of its times and not before', () => {
    const deadlines = createDeadlines();
    deadlines.set('ada', 10);
    deadlines.set('ada', 5);
    deadlines.set('ada', 20);
    expect([deadlines.next(), deadlines.takeDue(4), deadlines.takeDue(5), deadlines.takeDue(100)]).toEqual([
      5,
      undefined,
      'ada',
      undefined,
    ]);
  });

  it('gives out keys in the order of their times, whatever was set', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(50), fc.nat(1000)), { maxLength: 200 }), (entries) => {
        const deadlines = createDeadlines();
        const earliest = new Map<string, number>();
        for (const [key, at] of entries) {
          deadlines.set(String(key), at);
          earliest.set(String(key), Math.min(at, earliest.get(String(key)) ?? Infinity));
        }
        const taken: string[] = [];
        for (let key = deadlines.takeDue(Infinity); key !== undefined; key = deadlines.takeDue(Infinity)) taken.push(key);
        expect([...taken].sort()).toEqual([...earliest.keys()].sort());
        const times = taken.map((key) => earliest.get(key) ?? NaN);
        expect(times).toEqual([...times].sort((a, b) => a - b));
      }),
    );
  });
});
