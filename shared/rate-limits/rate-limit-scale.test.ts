import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { readEnvironment } from '../config/environment.js';
import { rateLimitScale } from './rate-limit-scale.js';

const read = (value: string | undefined) => readEnvironment(z.object({ RATE_LIMIT_SCALE: rateLimitScale }), { RATE_LIMIT_SCALE: value });

describe('RATE_LIMIT_SCALE', () => {
  it.each(['0', '0.0', '-1', 'none', '1e3', 'Infinity', 'NaN', '1,5', ' '])('cannot be "%s", and says why', (value) => {
    expect(() => read(value)).toThrow('RATE_LIMIT_SCALE: must be a number above 0');
  });

  it.each([
    ['0.01', 0.01],
    ['1', 1],
    ['250', 250],
    [undefined, 1],
    ['', 1],
  ])('may be "%s"', (value, scale) => {
    expect(read(value)).toEqual({ RATE_LIMIT_SCALE: scale });
  });
});
