import type { PresenceSettings } from '../../presence/presence.js';

/** What is kept of a user's presence when they are offline. */
export interface StoredPresence {
  readonly settings: PresenceSettings;
  /** In ms since the epoch; null = never online. */
  readonly lastConnectionAt: number | null;
}

/** When somebody was online. */
export interface ConnectionTime {
  /** In ms since the epoch. */
  readonly at: number;
  /** They left, or nobody will say so: then it is written however soon after the last time. */
  readonly isOver: boolean;
}

export interface PresenceSettingsRepository {
  /** By user id; a user without any has no entry, and others may have one whom somebody else asked for. Ids of any form are allowed. */
  find(userIds: readonly string[]): Promise<ReadonlyMap<string, StoredPresence>>;
  /** Changes what is given, leaves the rest, raises the revision, and returns the whole. */
  update(userId: string, patch: Partial<Omit<PresenceSettings, 'revision'>>): Promise<PresenceSettings>;
  /**
   * By user id; of the stored and the given time the later one is kept. Of those who are still online nothing is written when that was
   * done less than 5 minutes before.
   */
  recordConnections(times: ReadonlyMap<string, ConnectionTime>): Promise<void>;
}
