export interface TextBounds {
  /** Of all together. */
  readonly maxBytes: number;
  readonly maxEntries?: number;
}

/** Texts by key, of which those used longest ago are forgotten. */
export interface BoundedTexts<Entry> {
  get(key: string): Entry | undefined;
  /** Without effect for one that would push out too many others: with more than a sixteenth of all bytes. */
  set(key: string, entry: Entry): void;
  delete(key: string): void;
  stats(): { readonly entries: number; readonly bytes: number };
}

interface BoundedTextsOptions extends TextBounds {
  /** What an entry takes beside its text: its key, its place in the map and what else it consists of. */
  readonly overheadBytes: number;
}

const overheadOfTag = 16;

export function createBoundedTexts<Entry extends { readonly text: string; readonly tags?: readonly string[] | undefined }>({
  maxBytes,
  maxEntries = Infinity,
  overheadBytes,
}: BoundedTextsOptions): BoundedTexts<Entry> {
  const entries = new Map<string, Entry>();
  let bytes = 0;
  // V8 takes one or two bytes for a character.
  const sizeOf = ({ text, tags = [] }: Entry): number =>
    tags.reduce((sum, tag) => sum + tag.length * 2 + overheadOfTag, text.length * 2 + overheadBytes);

  function forget(key: string): void {
    const entry = entries.get(key);
    if (entry === undefined) return;
    entries.delete(key);
    bytes -= sizeOf(entry);
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
      const size = sizeOf(entry);
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
