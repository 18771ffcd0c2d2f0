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

/** Keeps the latest used, up to `maxBytes` in all. A document of more than a sixteenth of that is not kept: it would push out all others. */
export function createMemoryPersistedQueries(maxBytes: number): OwnPersistedQueries {
  const texts = new Map<string, string>();
  let bytes = 0;
  // V8 takes one or two bytes for a character.
  const sizeOf = (text: string): number => text.length * 2 + overheadBytes;

  function forget(hash: string): void {
    const text = texts.get(hash);
    if (text === undefined) return;
    texts.delete(hash);
    bytes -= sizeOf(text);
  }

  return {
    get(hash) {
      const text = texts.get(hash);
      if (text === undefined) return undefined;
      // A map keeps the order in which its keys came, so the first is the one used longest ago.
      texts.delete(hash);
      texts.set(hash, text);
      return text;
    },
    put(hash, text) {
      if (sizeOf(text) > maxBytes / 16) return;
      forget(hash);
      texts.set(hash, text);
      bytes += sizeOf(text);
      for (const oldest of texts.keys()) {
        if (bytes <= maxBytes) return;
        forget(oldest);
      }
    },
  };
}
