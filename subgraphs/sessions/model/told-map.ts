import type { PresenceView } from '../presence/presence-view.js';
import type { PresenceMessage } from '../services/presence/following/presence-messages.js';

/** What a client knows that follows the four rules of docs/presence.md, and nothing else. */
export interface ToldMap {
  readonly entries: ReadonlyMap<string, PresenceView>;
  /** What the next subscription says as `since`. */
  readonly cursor: string | null;
}

export const nothingTold: ToldMap = { entries: new Map(), cursor: null };

export function fold(before: ToldMap, message: PresenceMessage): ToldMap {
  switch (message.kind) {
    case 'Snapshot':
    case 'Resync':
      return { cursor: message.cursor, entries: new Map(message.entries.map((entry) => [entry.userId, entry])) };
    case 'Changed': {
      const entries = new Map(before.entries);
      for (const entry of message.entries) entries.set(entry.userId, entry);
      return { cursor: message.cursor, entries };
    }
    case 'Removed': {
      const entries = new Map(before.entries);
      entries.delete(message.userId);
      return { cursor: message.cursor, entries };
    }
    case 'Lost':
      return before;
  }
}
