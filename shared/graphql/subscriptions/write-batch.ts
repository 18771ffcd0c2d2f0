import type { Writable } from 'node:stream';

/**
 * Makes one system call of everything that is written in one turn of the event loop: call the result before each write. A change that a
 * thousand followers on one socket see is a thousand frames, which one by one cost more than to make them.
 */
export function createWriteBatch(stream: Writable): () => void {
  let isCorked = false;
  return () => {
    if (isCorked) return;
    isCorked = true;
    stream.cork();
    setImmediate(() => {
      isCorked = false;
      stream.uncork();
    });
  };
}
