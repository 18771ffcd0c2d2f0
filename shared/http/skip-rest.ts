import type { Readable } from 'node:stream';

export interface SkipOptions {
  /** So many at the most. */
  readonly maxBytes: number;
  /** Whoever sends nothing for so long can as well read the answer. In ms. */
  readonly silenceMs?: number;
  /** And whoever is still sending then is too slow. In ms. */
  readonly longestMs?: number;
}

/**
 * Reads and forgets what is left of a request's body before the request is refused. Clients, and proxies on the way, that are still
 * sending when the answer comes find a broken connection instead of the answer.
 */
export function skipRest(body: Readable, { maxBytes, silenceMs = 1000, longestMs = 30_000 }: SkipOptions): Promise<void> {
  if (body.readableEnded || body.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    let left = maxBytes;
    const stop = () => {
      clearTimeout(silence);
      clearTimeout(end);
      body.off('data', onData).off('end', stop).off('close', stop).off('error', stop);
      resolve();
    };
    const silence = setTimeout(stop, silenceMs);
    const end = setTimeout(stop, longestMs);
    const onData = (chunk: Buffer) => {
      silence.refresh();
      left -= chunk.length;
      if (left < 0) stop();
    };
    body.on('data', onData).on('end', stop).on('close', stop).on('error', stop).resume();
  });
}
