import { describe, expect, it } from '@jest/globals';
import { prefersAvif } from './accepted-types.js';

describe('AVIF instead of WebP', () => {
  it.each([
    undefined,
    '',
    '*/*',
    'image/*',
    'image/webp',
    'image/webp,image/avif;q=0.9',
    'image/*;q=0.9,image/avif;q=0.8',
    '*/*,image/avif;q=0.999',
    'image/avif;q=0',
    'image/avif;q=0.000,image/webp;q=0',
    'image/avif;q=2',
    'image/avif;q=-1',
    'image/avif;q=',
    'image/avif;q=x',
    'image/avif;q=0.1234',
    'image/avifx',
    'text/html,image/png',
    ',;,;q=1',
  ])('is not for %j', (accept) => {
    expect(prefersAvif(accept)).toBe(false);
  });

  it.each([
    'image/avif',
    'IMAGE/AVIF',
    'image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8',
    'image/webp , image/avif ; Q=1.0',
    'image/webp;q=0.5,image/avif;q=0.5',
    'image/avif;q=0.001,image/webp;q=0',
    'image/*;q=0.2,image/avif;q=0.3,*/*;q=0.9',
  ])('is for %j', (accept) => {
    expect(prefersAvif(accept)).toBe(true);
  });
});
