import type { Readable } from 'node:stream';

export interface StoredObject {
  readonly size: number;
  readonly contentType: string;
  /** Changes when the bytes change; without quotes. */
  readonly etag: string;
}

/** A request that stores one object, sent by the client itself. */
export interface PresignedUpload {
  /** Absolute, or relative to this server. */
  readonly url: string;
  readonly method: 'PUT';
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}

/** Keeps bytes under keys: files under `DATA_DIR`, or an S3 bucket. Keys are made by the server: `[a-z0-9/._-]`, no leading slash, no `..`. */
export interface ObjectStore {
  /** Stores all of `body` or nothing; replaces what was there. */
  put(key: string, body: Buffer | Readable, options: { contentType: string; size: number }): Promise<void>;
  /** The object with its bytes, or null when there is none. The caller must consume or destroy `body`. */
  get(key: string): Promise<{ object: StoredObject; body: Readable } | null>;
  head(key: string): Promise<StoredObject | null>;
  /** Removes it; nothing happens when there is none. */
  delete(key: string): Promise<void>;
  /** A request with which a client stores exactly this key, type and size, until `expiresInSeconds` from now. */
  presignUpload(key: string, options: { contentType: string; size: number; expiresInSeconds: number }): Promise<PresignedUpload>;
  ping(): Promise<void>;
  close(): Promise<void>;
}
