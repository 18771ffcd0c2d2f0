import type { Readable } from 'node:stream';

export interface StoredObject {
  /** In bytes. */
  readonly size: number;
  readonly contentType: string;
  /** Changes when the bytes change; without quotes. */
  readonly etag: string;
}

export interface PutOptions {
  readonly contentType: string;
  /** Exact number of bytes that `body` must have. */
  readonly size: number;
}

/** A request that stores one object, sent by the client itself. */
export interface PresignedUpload {
  /** Absolute, or relative to this server. */
  readonly url: string;
  readonly method: 'PUT';
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}

/** A part of an object: offsets of its first and last byte, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface FoundObject {
  /** The whole object, also when only a part of it was asked for. */
  readonly object: StoredObject;
  /** Fails, and never just ends, when the store breaks off in the middle. */
  readonly body: Readable;
}

/** An answer to a client that reads one object from the store itself. */
export interface PresignedDownload {
  readonly contentType: string;
  readonly cacheControl: string;
  /** For how long the URL can be used at least. The same one is answered for about as long, so that caches know it again. */
  readonly validForSeconds: number;
}

/** Keeps bytes under keys: files under `DATA_DIR`, or an S3 bucket. Keys are made by the server, see `assertObjectKey`. */
export interface ObjectStore {
  /**
   * Stores all of `body` or nothing; replaces what was there. Resolves when the object survives a crash. Rejects with a `SizeMismatchError`,
   * and stores nothing, when `body` has not exactly `size` bytes; of a longer one no more than `size` is ever written.
   */
  put(key: string, body: Buffer | Readable, options: PutOptions): Promise<void>;
  /**
   * The object with its bytes, or null when there is none. The caller must consume or destroy `body`. With `range` those bytes only: it
   * must lie within the object, or a `RangeError` is thrown.
   */
  get(key: string, options?: { readonly range?: ByteRange }): Promise<FoundObject | null>;
  head(key: string): Promise<StoredObject | null>;
  /** Removes it; nothing happens when there is none. */
  delete(key: string): Promise<void>;
  /**
   * A request with which a client stores exactly this key, type and size, until `expiresInSeconds` from now; null when clients cannot
   * reach the store, so that their bytes have to pass through this server.
   */
  presignUpload(key: string, options: PutOptions & { readonly expiresInSeconds: number }): Promise<PresignedUpload | null>;
  /** A URL from which anyone reads the object; null when clients are to get it through this server. */
  presignDownload(key: string, options: PresignedDownload): string | null;
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** A body was shorter or longer than announced. Nothing was stored. */
export class SizeMismatchError extends Error {
  override readonly name = 'SizeMismatchError';

  constructor(expected: number) {
    super(`The body does not have the announced ${String(expected)} bytes`);
  }
}

/** Throws a `RangeError` when a part of an object of `size` bytes does not lie within it. */
export function assertByteRange({ start, end }: ByteRange, size: number): void {
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start || end >= size) {
    throw new RangeError(`The object has no bytes ${start} to ${end}`);
  }
}

/**
 * Throws when `key` is not one that every store keeps apart from every other: parts of `[a-z0-9._-]` that begin with a letter or digit,
 * joined by `/`, 200 characters at the most. So no key leaves the store's folder, and none is hidden. A key must not be a folder of another.
 */
export function assertObjectKey(key: string): void {
  if (key.length > 200 || !/^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*)*$/.test(key)) {
    throw new TypeError(`Not an object key: ${JSON.stringify(key)}`);
  }
}
