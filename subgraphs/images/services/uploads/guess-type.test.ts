import { describe, expect, it } from '@jest/globals';
import { encodeAs, pictureTypes, redAndBlue } from '../../../../tests/testkit/product/pictures.js';
import { guessLength, guessType } from './guess-type.js';

describe('The type of a file that nobody names', () => {
  it.each(pictureTypes)('is %s when it begins like one', async (type) => {
    const bytes = await encodeAs(type, redAndBlue());
    expect(guessType(bytes.subarray(0, guessLength))).toBe(type);
    expect(guessType(bytes.subarray(0, 2))).toBeNull();
  });

  it.each(['', 'hello', '<svg xmlns="">', '%PDF-1.7', 'BM', 'RIFF\0\0\0\0WAVE', '\0\0\0\x20ftypheic', 'GIF88a'])(
    'is none of %j',
    (text) => {
      expect(guessType(Buffer.from(text, 'latin1'))).toBeNull();
    },
  );
});
