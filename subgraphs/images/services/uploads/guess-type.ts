import type { UploadType } from '../image.js';

/** So many bytes are enough for `guessType`. */
export const guessLength = 12;

/**
 * The type of which a file's first bytes look, for clients that do not say one, as `curl` for names that it does not know; null for
 * none. Only a guess: the decoder judges by itself.
 */
export function guessType(beginning: Buffer): UploadType | null {
  const text = (start: number, end: number) => beginning.toString('latin1', start, end);
  if (text(0, 8) === '\x89PNG\r\n\x1a\n') return 'image/png';
  if (text(0, 3) === '\xff\xd8\xff') return 'image/jpeg';
  if (/^GIF8[79]a$/.test(text(0, 6))) return 'image/gif';
  if (text(0, 4) === 'RIFF' && text(8, 12) === 'WEBP') return 'image/webp';
  if (/^ftypavi[fs]$/.test(text(4, 12))) return 'image/avif';
  return null;
}
