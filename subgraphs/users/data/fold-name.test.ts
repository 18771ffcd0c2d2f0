import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { foldName } from './fold-name.js';

describe('Folding names', () => {
  it.each([
    ['case', 'ADA', 'ada'],
    ['case beyond ASCII', 'ÉMILIE', 'émilie'],
    ['decomposed letters', 'E\u0301milie', '\u00E9milie'],
    ['wide letters', 'ＡＤＡ', 'ada'],
    ['ligatures', 'ﬁnn', 'finn'],
    ['the Σ at the end of a word', 'ΣΑΣ', 'ΣΑΣΑ'.slice(0, 3).toLowerCase().replaceAll('ς', 'σ')],
    ['the kind of blank', 'Ada \u3000 L', 'ada l'],
  ])('makes no difference of %s', (_what, name, folded) => {
    expect(foldName(name)).toBe(folded);
  });

  it('keeps wildcards and marks as they are', () => {
    expect(foldName('100%_\\')).toBe('100%_\\');
  });

  it('is at most 512 bytes long, which fits an index, whatever the name', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 64 }), (name) => Buffer.byteLength(foldName(name)) <= 512));
    expect(Buffer.byteLength(foldName('\uFDFA'.repeat(64)))).toBeLessThanOrEqual(512);
  });

  it('does not fold a folded name further', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 64 }), (name) => foldName(foldName(name)) === foldName(name)));
  });
});
