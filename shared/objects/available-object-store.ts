import { Readable } from 'node:stream';
import { AppError } from '../errors/app-error.js';
import type { Logger } from '../logging/logger.js';
import { SizeMismatchError, type ObjectStore } from './object-store.js';

/**
 * `store`, of which a failure is a refusal that clients understand: `UNAVAILABLE`, try again. Its cause (down, slow, a full disk) is for
 * the log alone.
 */
export function availableObjectStore(store: ObjectStore, logger: Logger): ObjectStore {
  async function attempt<Result>(operation: string, key: string, run: () => Promise<Result>): Promise<Result> {
    try {
      return await run();
    } catch (error) {
      if (isOfCaller(error)) throw error;
      logger.error({ err: error, operation, objectKey: key }, 'the object store fails');
      throw storeUnavailable(error);
    }
  }

  return {
    async put(key, body, options) {
      if (Buffer.isBuffer(body)) return attempt('put', key, () => store.put(key, body, options));
      const source = watchFailure(body);
      try {
        await store.put(key, source.stream, options);
      } catch (error) {
        // A client that goes away in the middle says nothing about the store.
        const failure = source.failure();
        if (failure !== null) throw failure.reason;
        await attempt('put', key, () => Promise.reject(error as Error));
      }
    },
    get: (key, options) => attempt('get', key, () => store.get(key, options)),
    head: (key) => attempt('head', key, () => store.head(key)),
    delete: (key) => attempt('delete', key, () => store.delete(key)),
    presignUpload: (key, options) => store.presignUpload(key, options),
    presignDownload: (key, options) => store.presignDownload(key, options),
    ping: () => store.ping(),
    close: () => store.close(),
  };
}

/** For a store that does not answer, or has no room. */
export function storeUnavailable(cause: unknown): AppError {
  return new AppError('UNAVAILABLE', 'Files cannot be read or stored at the moment. Try again in a few seconds.', { retryAfter: 5, cause });
}

function isOfCaller(error: unknown): boolean {
  return error instanceof SizeMismatchError || error instanceof TypeError || error instanceof RangeError;
}

/** `body` again, which tells whether it has failed by itself: whoever reads it destroys it with the reader's error when the reader fails. */
function watchFailure(body: Readable): { readonly stream: Readable; readonly failure: () => { readonly reason: unknown } | null } {
  let failure: { readonly reason: unknown } | null = null;
  async function* chunks(): AsyncGenerator<Buffer> {
    const source: AsyncIterator<Buffer> = body[Symbol.asyncIterator]();
    try {
      for (;;) {
        // Around this alone: a reader that fails throws at `yield`.
        const next = await source.next().catch((error: unknown) => {
          failure = { reason: error };
          throw error;
        });
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await source.return?.();
    }
  }
  return { stream: Readable.from(chunks(), { objectMode: false }), failure: () => failure };
}
