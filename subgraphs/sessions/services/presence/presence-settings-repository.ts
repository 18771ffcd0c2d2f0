import type { PresenceSettings } from '../../presence/presence.js';

/** What is kept of a user's presence when they are offline. */
export interface StoredPresence {
  readonly settings: PresenceSettings;
  /** In ms since the epoch; null = never online. */
  readonly lastConnectionAt: number | null;
}

export interface PresenceSettingsRepository {
  /** By user id; a user without any has no entry. Ids of any form are allowed. */
  find(userIds: readonly string[]): Promise<ReadonlyMap<string, StoredPresence>>;
  /** Changes what is given, leaves the rest, raises the revision, and returns the whole. */
  update(userId: string, patch: Partial<Omit<PresenceSettings, 'revision'>>): Promise<PresenceSettings>;
  /** Keeps the later of the stored and the given time, by user id, in ms since the epoch. */
  recordConnections(times: ReadonlyMap<string, number>): Promise<void>;
}
