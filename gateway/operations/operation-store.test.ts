import { describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import { defaultOperationLimits } from '../policy/operation-limits.js';
import { createOperationStore } from './operation-store.js';

describe('The store of parsed operations', () => {
  const open = () =>
    createOperationStore({
      schema: buildSchema('type Query { a: Int }'),
      planner: { plan: () => Promise.reject(new Error('not planned here')) as never, overrideLabels: [] },
    });
  const documentOf = (index: number, length: number): string => `{ a${index}: a }`.padEnd(length, ' ');

  it('SECURITY 35: forgets what was asked for longest ago, by number and by length', () => {
    for (const [count, length] of [
      [1_000, 20],
      [25, 19_999],
    ] as const) {
      const store = open();
      const parse = (index: number) => {
        const parsed = store.parse(documentOf(index, length), undefined, defaultOperationLimits);
        return parsed.kind === 'parsed' ? parsed.operation : undefined;
      };
      const operations = Array.from({ length: count }, (_, index) => parse(index));
      // Kept, and now used again.
      expect(parse(0)).toBe(operations[0]);
      parse(count);
      expect(parse(0)).toBe(operations[0]);
      expect(parse(1)).not.toBe(operations[1]);
    }
  });

  it('SECURITY 35: does not keep one that is very long', () => {
    const store = open();
    const parse = (length: number) => store.parse(documentOf(1, length), undefined, defaultOperationLimits);
    expect(parse(19_999)).toEqual(parse(19_999));
    const [one, other] = [parse(20_000), parse(20_000)];
    expect(one.kind === 'parsed' && other.kind === 'parsed' && one.operation !== other.operation).toBe(true);
  });

  it('SECURITY 35: says what is wrong with one that repeats itself so often that graphql stops', () => {
    const problems = (times: number) => {
      const parsed = open().parse(`{ ${'a '.repeat(times)} }`, undefined, { ...defaultOperationLimits, maxSelections: 5_000 });
      if (parsed.kind === 'refused') return parsed.errors;
      return parsed.operation.validate();
    };
    expect(problems(600)).toEqual([]);
    expect(problems(1_900).map(({ message, extensions }) => ({ message, extensions }))).toEqual([
      {
        message: expect.stringContaining('Ask for each field once'),
        extensions: { code: 'OPERATION_TOO_COMPLEX' },
      },
    ]);
  });
});
