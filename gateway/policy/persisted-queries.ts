import { createBoundedTexts } from '../caching/bounded-texts.js';

/** Documents that clients left under the SHA-256 of their text, as hex, so that they need not send them again. May forget any of them. */
export interface PersistedQueries {
  get(hash: string): string | undefined | Promise<string | undefined>;
  /** The hash must be the text's own. */
  put(hash: string, text: string): void;
}

/** Knows its own alone, and so answers at once. */
export interface OwnPersistedQueries extends PersistedQueries {
  get(hash: string): string | undefined;
}

/** What a document takes beside its text: its key and its place in the map. */
const overheadBytes = 200;

/** Keeps the latest used, up to `maxBytes` in all. */
export function createMemoryPersistedQueries(maxBytes: number): OwnPersistedQueries {
  const texts = createBoundedTexts({ maxBytes, overheadBytes });
  return {
    get: (hash) => texts.get(hash)?.text,
    put: (hash, text) => texts.set(hash, { text }),
  };
}
