import { describe, expect, it } from '@jest/globals';
import { buildSchema, parse, validate } from 'graphql';
import { areFinite, finiteNumbers } from './finite-numbers.js';

describe('Numbers', () => {
  const schema = buildSchema('scalar JSON type Query { echo(value: JSON): Int }');
  const problems = (value: string) => validate(schema, parse(`{ echo(value: ${value}) }`), [finiteNumbers]).map(({ message }) => message);

  it.each(['1e400', '-1e400', '{ k: [1e400] }'])('too large for JavaScript are refused in a document: %s', (value) => {
    expect(problems(value)).toEqual(['A number in the document is too large.']);
  });

  it.each(['1e308', '-1e308', '1e-400', '"1e400"', '{ k: [0.5] }'])('that JavaScript knows are not: %s', (value) => {
    expect(problems(value)).toEqual([]);
  });

  it('are looked for in variables however deep they are', () => {
    const nest = (value: unknown, depth: number): unknown => (depth === 0 ? value : nest([value], depth - 1));
    expect(areFinite({ a: nest(Infinity, 5_000) })).toBe(false);
    expect(areFinite({ a: { b: -Infinity } })).toBe(false);
    expect(areFinite({ a: nest(1e308, 5_000), b: null, c: 'Infinity', d: [{}] })).toBe(true);
    expect(areFinite(undefined)).toBe(true);
  });
});
