import { describe, expect, it } from '@jest/globals';
import { audienceOf, followedAs, toldOf } from './followed.js';

describe('Whom one follows', () => {
  it.each([0, 1, 27_950_442, 2 ** 29 - 1, 2 ** 29, 2 ** 40])('is an audience and a version, here %d, whatever its size', (told) => {
    for (const audience of ['OWN', 'FRIEND', 'STRANGER'] as const) {
      const followed = followedAs(audience, told);
      expect([audienceOf(followed), toldOf(followed)]).toEqual([audience, told]);
    }
  });
});
