import type { Readable } from 'node:stream';
import { AppError } from '../../../shared/errors/app-error.js';

export interface RequestChunksOptions {
  /** Of everything, in bytes. */
  readonly maxBytes: number;
  /** How long the client may send nothing while somebody waits for it, and how far it may be behind `minBytesPerSecond`, in ms. */
  readonly stallMs: number;
  /** While nobody waits for it, it may send as slowly as it is read. */
  readonly minBytesPerSecond: number;
  /** In ms. */
  readonly now?: () => number;
}

/** The body of a request, a chunk at a time. */
export interface RequestChunks extends AsyncIterable<Buffer> {
  /** Nobody reads any more. The request is left as it is, paused: its answer needs the connection. */
  stop(): void;
}

/**
 * Reads no further ahead than a chunk. Throws an `AppError` for what is too much or too slow, and when the client leaves. Hand-made, because
 * an iterator of the stream cannot be taken back while it waits for the client.
 */
export function createRequestChunks(request: Readable, options: RequestChunksOptions): RequestChunks {
  const { maxBytes, stallMs, minBytesPerSecond, now = () => performance.now() } = options;
  const chunks: Buffer[] = [];
  let bytes = 0;
  /** How long it may still be waited for, in ms. Bytes earn time, but no more than there was: who was fast at first may not be slow for long. */
  let leftMs = stallMs;
  let end: { readonly error: AppError | undefined } | undefined;
  let wake: (() => void) | undefined;

  function finish(error?: AppError): void {
    request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
    request.pause();
    end ??= { error };
    wake?.();
  }
  const onData = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      finish(new AppError('BAD_USER_INPUT', `The form has more than ${maxBytes} bytes.`));
      return;
    }
    chunks.push(chunk);
    request.pause();
    wake?.();
  };
  const onEnd = (): void => finish();
  const onClose = (): void => finish(new AppError('BAD_USER_INPUT', 'The form breaks off.'));
  request.on('end', onEnd).on('close', onClose).on('error', onClose);
  request.pause();
  request.on('data', onData);

  async function waitForMore(): Promise<void> {
    const since = now();
    const before = bytes;
    const timer = setTimeout(() => finish(tooSlow()), leftMs);
    await new Promise<void>((resolve) => {
      wake = resolve;
      request.resume();
    });
    wake = undefined;
    clearTimeout(timer);
    const remainingMs = leftMs - (now() - since);
    // The timer may be late.
    if (remainingMs < 0 && end === undefined) {
      chunks.length = 0;
      finish(tooSlow());
    }
    leftMs = Math.min(stallMs, remainingMs + ((bytes - before) * 1000) / minBytesPerSecond);
  }

  function tooSlow(): AppError {
    const message =
      leftMs === stallMs
        ? `Nothing more of the form came within ${stallMs} ms.`
        : `The form came more slowly than ${minBytesPerSecond} bytes per second.`;
    return new AppError('BAD_USER_INPUT', message);
  }

  async function next(): Promise<IteratorResult<Buffer, undefined>> {
    if (chunks.length === 0 && end === undefined) await waitForMore();
    const chunk = chunks.shift();
    if (chunk !== undefined) return { done: false, value: chunk };
    if (end?.error !== undefined) throw end.error;
    return { done: true, value: undefined };
  }

  return {
    stop: () => finish(new AppError('BAD_USER_INPUT', 'Nobody reads the form any more.')),
    [Symbol.asyncIterator]: () => ({ next }),
  };
}
