import { Transform } from 'node:stream';
import { SizeMismatchError } from './object-store.js';

/**
 * Passes exactly `size` bytes; fails with a `SizeMismatchError` at the first byte too many, or at an early end. Holds the last chunk
 * back until the end is known, so that whoever counts bytes behind it never takes a refused body for a whole one.
 */
export function exactSize(size: number): Transform {
  let seen = 0;
  let held: Buffer | null = null;
  return new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      seen += chunk.length;
      if (seen > size) {
        callback(new SizeMismatchError(size));
        return;
      }
      const previous = held;
      held = chunk;
      callback(null, previous);
    },
    flush(callback) {
      if (seen === size) callback(null, held);
      else callback(new SizeMismatchError(size));
    },
  });
}
