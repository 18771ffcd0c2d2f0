import { describe, expect, it } from '@jest/globals';
import { createStatementNames, preparedStatements } from './statement-names.js';

describe('The names of statements', () => {
  it('are the same for the same statement, and others for others', () => {
    const nameOf = createStatementNames();
    const [one, two] = [nameOf({ sql: 'SELECT 1' }), nameOf({ sql: 'SELECT 2' })];
    expect(one).toBeTruthy();
    expect(two).not.toBe(one);
    expect(nameOf({ sql: 'SELECT 1' })).toBe(one);
  });

  it('are as many as a connection may keep, and no more; the first ones stay', () => {
    const nameOf = createStatementNames();
    const names = Array.from({ length: preparedStatements }, (_, index) => nameOf({ sql: `SELECT ${String(index)}` }));
    expect(new Set(names).size).toBe(preparedStatements);
    expect(names).not.toContain('');
    expect(nameOf({ sql: 'SELECT one more' })).toBe('');
    expect(nameOf({ sql: 'SELECT 0' })).toBe(names[0]);
  });
});
