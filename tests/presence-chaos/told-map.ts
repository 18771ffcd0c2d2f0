import { list, text, textOrNull, type Json } from '../testkit/product/graphql-client.js';

/** What a viewer was told of one user. */
export interface ToldEntry {
  readonly userId: string;
  readonly availability: string;
  readonly statusMessage: string | null;
  readonly lastSeenAt: string | null;
  readonly version: number;
}

/** One message as it changes the map. */
export interface Told {
  readonly kind: 'PresenceSnapshot' | 'PresenceChanged' | 'PresenceResync' | 'PresenceRemoved';
  readonly entries: readonly ToldEntry[];
  /** Entries that are older than what was told before; empty when all is well. */
  readonly stale: readonly string[];
  /** Who was not OFFLINE before, and is now. */
  readonly left: readonly string[];
}

/** What a client knows by the four rules of docs/presence.md. */
export interface ToldMap {
  readonly entries: ReadonlyMap<string, ToldEntry>;
  readonly cursor: () => string | undefined;
  take(message: Json): Told;
}

export function createToldMap(): ToldMap {
  const entries = new Map<string, ToldEntry>();
  /** The greatest that was told of each since everything was told anew. */
  const versions = new Map<string, number>();
  let cursor: string | undefined;

  function takeEntries(message: Json, entriesBefore: ReadonlyMap<string, ToldEntry>): Pick<Told, 'entries' | 'stale' | 'left'> {
    const told = list(message.entries).map(toEntry);
    const stale: string[] = [];
    const left: string[] = [];
    for (const entry of told) {
      const known = versions.get(entry.userId) ?? -1;
      if (entry.version < known) stale.push(`${entry.userId} went from version ${String(known)} to ${String(entry.version)}`);
      const before = entriesBefore.get(entry.userId)?.availability ?? 'OFFLINE';
      if (entry.availability === 'OFFLINE' && before !== 'OFFLINE') left.push(entry.userId);
      versions.set(entry.userId, Math.max(known, entry.version));
      entries.set(entry.userId, entry);
    }
    return { entries: told, stale, left };
  }

  return {
    entries,
    cursor: () => cursor,
    take(message) {
      cursor = text(message.cursor);
      const kind = text(message.__typename);
      switch (kind) {
        case 'PresenceSnapshot':
        case 'PresenceResync': {
          const before = new Map(entries);
          entries.clear();
          versions.clear();
          return { kind, ...takeEntries(message, before) };
        }
        case 'PresenceChanged':
          return { kind, ...takeEntries(message, entries) };
        case 'PresenceRemoved':
          entries.delete(text(message.user?.id));
          // Like one who was never told: what they may see from now on, may have changed less often.
          versions.delete(text(message.user?.id));
          return { kind, entries: [], stale: [], left: [] };
        default:
          throw new Error(`A message of the kind ${kind}`);
      }
    },
  };
}

function toEntry(entry: Json): ToldEntry {
  return {
    userId: text(entry.user?.id),
    availability: text(entry.availability),
    statusMessage: textOrNull(entry.statusMessage),
    lastSeenAt: textOrNull(entry.lastSeenAt),
    version: Number(entry.version),
  };
}
