import { describe, expect, it } from '@jest/globals';
import { parseDevice, parseSessionData } from './session-input.js';

function codeOf(parsed: ReturnType<typeof parseSessionData>): string {
  return parsed.kind === 'Valid' ? 'valid' : parsed.problem.code;
}

/** So many levels of arrays around nothing. */
function nested(levels: number): unknown {
  return JSON.parse('['.repeat(levels) + ']'.repeat(levels));
}

describe('The data of a session', () => {
  it.each([
    ['a text', (bytes: number) => 'x'.repeat(bytes - 2)],
    ['a text of two bytes each', (bytes: number) => 'é'.repeat((bytes - 2) >> 1) + 'x'.repeat(bytes % 2)],
    ['a text that is escaped', (bytes: number) => '\n'.repeat((bytes - 2) >> 1) + 'x'.repeat(bytes % 2)],
    ['a list', (bytes: number) => [...Array<number>((bytes - (bytes % 2 === 0 ? 4 : 3)) >> 1).fill(1), bytes % 2 === 0 ? 10 : 1]],
    ['an object', (bytes: number) => ({ key: 'x'.repeat(bytes - 16), b: 1 })],
    ['a name in an object', (bytes: number) => ({ ['k'.repeat(bytes - 9)]: null })],
  ])('has at most 16 KiB: %s', (_what, make) => {
    const [fits, tooLong] = [make(16_384), make(16_385)];
    expect([Buffer.byteLength(JSON.stringify(fits)), Buffer.byteLength(JSON.stringify(tooLong))]).toEqual([16_384, 16_385]);
    expect(codeOf(parseSessionData(tooLong))).toBe('TOO_LONG');
    expect(parseSessionData(fits)).toEqual({ kind: 'Valid', value: JSON.stringify(fits) });
  });

  it('has at most 16 KiB with its numbers written out, as the database does', () => {
    const many = (count: number) => Array<number>(count).fill(1e300);
    expect(codeOf(parseSessionData(many(54)))).toBe('TOO_LONG');
    expect(codeOf(parseSessionData(many(53)))).toBe('valid');
    expect(codeOf(parseSessionData(Array<number>(54).fill(5e-300)))).toBe('TOO_LONG');
  });

  it('is at most 32 levels deep', () => {
    expect(codeOf(parseSessionData(nested(33)))).toBe('TOO_DEEP');
    expect(codeOf(parseSessionData(nested(32)))).toBe('valid');
    expect(codeOf(parseSessionData({ a: nested(32) }))).toBe('TOO_DEEP');
    expect(codeOf(parseSessionData({ a: nested(31), b: nested(31) }))).toBe('valid');
    expect(codeOf(parseSessionData(nested(100_000)))).toBe('TOO_DEEP');
  });

  it.each([
    ['a NUL', '\0'],
    ['the half of a surrogate pair', '\ud800'],
    ['the other half', 'a\udc00b'],
  ])('has no %s, wherever it stands', (_what, text) => {
    for (const data of [text, [text], { a: text }, { [text]: 1 }, { a: [{ b: [text] }] }]) {
      expect(codeOf(parseSessionData(data))).toBe('INVALID_CHARACTER');
    }
    expect(codeOf(parseSessionData('💥'))).toBe('valid');
  });

  it('has no number that JSON cannot write', () => {
    expect(codeOf(parseSessionData(JSON.parse('1e999')))).toBe('OUT_OF_RANGE');
    expect(codeOf(parseSessionData({ a: [-Infinity] }))).toBe('OUT_OF_RANGE');
    expect(codeOf(parseSessionData(NaN))).toBe('OUT_OF_RANGE');
    expect(parseSessionData([1.7976931348623157e308])).toEqual({ kind: 'Valid', value: '[1.7976931348623157e+308]' });
  });

  it('SECURITY 42: keeps the names of an object’s inner workings as names', () => {
    const text = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"toJSON":1}';
    expect(parseSessionData(JSON.parse(text))).toEqual({ kind: 'Valid', value: text });
    expect(Object.prototype).not.toHaveProperty('polluted');
  });

  it('is any JSON; null clears it, and what is left out stays', () => {
    expect([0, false, '', [], {}].map((data) => parseSessionData(data))).toEqual(
      ['0', 'false', '""', '[]', '{}'].map((value) => ({ kind: 'Valid', value })),
    );
    expect(parseSessionData(null)).toEqual({ kind: 'Valid', value: null });
    expect(parseSessionData(undefined)).toEqual({ kind: 'Valid', value: undefined });
  });
});

describe('The name of a device', () => {
  it('has at most 64 characters, without those around it that nobody sees', () => {
    expect(codeOf(parseDevice('x'.repeat(65)))).toBe('TOO_LONG');
    expect(codeOf(parseDevice('💥'.repeat(65)))).toBe('TOO_LONG');
    expect(codeOf(parseDevice('x'.repeat(1_000_000)))).toBe('TOO_LONG');
    expect(parseDevice(` \n${'💥'.repeat(64)}\t `)).toEqual({ kind: 'Valid', value: '💥'.repeat(64) });
  });

  it.each(['a\0b', 'a\nb', 'a\u001b[31mb', 'a\u007fb', 'a\u0085b', 'a\u2028b', 'a\u202eb', '\ud800'])('has no %j', (name) => {
    expect(codeOf(parseDevice(name))).toBe('INVALID_CHARACTER');
  });

  it('may be in any script and have any picture', () => {
    for (const name of ['Adas Rechner', '阿达的手机', 'جهاز آدا', '👩‍👩‍👧 tablet']) {
      expect(parseDevice(name)).toEqual({ kind: 'Valid', value: name });
    }
  });

  it('is cleared by null and by nothing but spaces, and stays when it is left out', () => {
    expect([parseDevice(null), parseDevice('  '), parseDevice(undefined)]).toEqual([
      { kind: 'Valid', value: null },
      { kind: 'Valid', value: null },
      { kind: 'Valid', value: undefined },
    ]);
  });
});
