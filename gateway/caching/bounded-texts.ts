export interface TextBounds {
  /** Of all together. */
  readonly maxBytes: number;
  readonly maxEntries: number;
}

/** Texts by key, of which those used longest ago are forgotten. */
export interface BoundedTexts<Entry> {
  get(key: string): Entry | undefined;
  /** Without effect for one that would push out too many others: with more than a sixteenth of all bytes. */
  set(key: string, entry: Entry): void;
  delete(key: string): void;
  stats(): { readonly entries: number; readonly bytes: number };
}

/** What an entry takes beside its text: its key's object and its place in the map. */
const overheadBytes = 200;

export function createBoundedTexts<Entry extends { readonly text: string }>({ maxBytes, maxEntries }: TextBounds): BoundedTexts<Entry> {
  const entries = new Map<string, Entry>();
  let bytes = 0;
  // V8 takes one or two bytes for a character.
  const sizeOf = (key: string, { text }: Entry): number => (key.length + text.length) * 2 + overheadBytes;

  function forget(key: string): void {
    const entry = entries.get(key);
    if (entry === undefined) return;
    entries.delete(key);
    bytes -= sizeOf(key, entry);
  }

  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      // A map keeps the order in which its keys came, so the first is the one used longest ago.
      entries.delete(key);
      entries.set(key, entry);
      return entry;
    },
    set(key, entry) {
      forget(key);
      const size = sizeOf(key, entry);
      if (size > maxBytes / 16) return;
      entries.set(key, entry);
      bytes += size;
      for (const oldest of entries.keys()) {
        if (bytes <= maxBytes && entries.size <= maxEntries) return;
        forget(oldest);
      }
    },
    delete: forget,
    stats: () => ({ entries: entries.size, bytes }),
  };
}
