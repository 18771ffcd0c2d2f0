import { describe, expect, it } from '@jest/globals';
import { createPictureDigests, type PictureRecipe } from './picture-digest.js';

const recipe: PictureRecipe = { purpose: 'GALLERY', declaredType: 'image/png' };

function digestOf({ key = 1, chunks = ['some ', 'bytes'], ...change }: { key?: number; chunks?: string[] } & Partial<PictureRecipe> = {}) {
  const digest = createPictureDigests(new Uint8Array(32).fill(key))({ ...recipe, ...change });
  for (const chunk of chunks) digest.update(Buffer.from(chunk));
  return digest.end();
}

describe('The digest of a picture', () => {
  it('is the same for the same bytes, however they come', () => {
    expect(digestOf({ chunks: ['some bytes'] })).toBe(digestOf({ chunks: ['so', '', 'me bytes'] }));
  });

  it.each([
    ['bytes', { chunks: ['some byteS'] }],
    ['purpose, which decides over its size', { purpose: 'AVATAR' as const }],
    ['declared type, which decides whether it is refused', { declaredType: 'image/jpeg' }],
    ['key, so that nobody without it can tell whose file it is', { key: 2 }],
  ])('is another for other %s', (_what, change) => {
    expect(digestOf(change)).not.toBe(digestOf());
  });
});
