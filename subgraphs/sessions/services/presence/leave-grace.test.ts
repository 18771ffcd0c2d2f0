import { describe, expect, it } from '@jest/globals';
import { graceAfterLeave } from './leave-grace.js';

describe('After leaving', () => {
  it.each([1001, 1006, 1002, 1011, 4403, 4429, 4999, undefined])('with %s a session may come back for 15 s', (code) => {
    expect(graceAfterLeave(code, false)).toBe(15_000);
  });

  it.each([1000, 0])('with %s a session may come back for 3 s', (code) => {
    expect(graceAfterLeave(code, false)).toBe(3_000);
  });

  it('for our own restart the lease is left alone', () => {
    expect(graceAfterLeave(1012, false)).toBeNull();
  });

  it.each([4403, 1000, 1006, 1012, 0])('with %s a session that has ended may not come back', (code) => {
    expect(graceAfterLeave(code, true)).toBe(0);
  });
});
