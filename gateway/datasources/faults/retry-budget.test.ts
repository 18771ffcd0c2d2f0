import { describe, expect, it } from '@jest/globals';
import { createRetryBudget } from './retry-budget.js';

describe('The budget of retries', () => {
  function takeAll(budget: ReturnType<typeof createRetryBudget>, at: number): number {
    let taken = 0;
    while (budget.take(at)) taken += 1;
    return taken;
  }

  it('is ten in ten seconds where little is asked', () => {
    const budget = createRetryBudget();
    budget.noteRequest(0);
    expect(takeAll(budget, 0)).toBe(10);
    expect(takeAll(budget, 9_999)).toBe(0);
    expect(takeAll(budget, 10_000)).toBe(10);
  });

  it('is 15 % of the requests of the last ten seconds where more is asked', () => {
    const budget = createRetryBudget();
    for (let n = 0; n < 1_000; n++) budget.noteRequest(n * 9);
    expect(takeAll(budget, 9_000)).toBe(150);
    expect(takeAll(budget, 60_000)).toBe(10);
  });
});
