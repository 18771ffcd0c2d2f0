import type { Activity, Audience, ConnectionKey, PresenceSettings, PresenceState } from '../../presence/presence.js';

/**
 * A moment in the history of all presences. `position` grows with every change; what was read at a position holds every change up to
 * it. Positions of different epochs have nothing to do with each other: a store that lost its state begins a new epoch.
 */
export interface PresenceMoment {
  readonly epoch: string;
  readonly position: number;
}

export interface PresenceChange {
  readonly position: number;
  readonly state: PresenceState;
  /** Who sees a difference; never empty. */
  readonly changedFor: readonly Audience[];
}

export type PresenceChanges =
  | { readonly kind: 'Changes'; readonly moment: PresenceMoment; readonly states: readonly PresenceState[] }
  /** The moment is older than what is kept. */
  | { readonly kind: 'TooOld' }
  /** The moment belongs to another epoch. */
  | { readonly kind: 'UnknownEpoch' };

/** What a session's client declares. What is left out stays. */
export interface PresenceUpdate {
  readonly settings?: PresenceSettings | undefined;
  /** Idle by the client's own word. */
  readonly isAway?: boolean | undefined;
  readonly activity?: Activity | null | undefined;
}

/**
 * The hot state of everybody's presence, in this process or shared by many. Each method is one atomic transition by the rules of
 * user-presence.ts and the store's own clock. Leases that nobody renews run out by themselves. Settings with a revision that is not
 * newer than the known one are ignored. Every method rejects when the store cannot be reached.
 */
export interface PresenceStore {
  /** Gives the connection a lease of 45 s. `settings` are the user's own, needed when the store does not know them. Returns the new state. */
  connect(key: ConnectionKey, settings: PresenceSettings): Promise<PresenceState>;
  /** Renews the leases of many connections. Returns those that the store does not know: it lost them, or they ran out. */
  renew(keys: readonly ConnectionKey[]): Promise<readonly ConnectionKey[]>;
  /** The connection is lost; it counts for another `graceMs` (0 = not at all) unless its session connects again. */
  leave(key: ConnectionKey, graceMs: number): Promise<void>;
  /** Takes all connections of the session offline at once. Its open sockets count again only with a new connection. */
  endSession(session: { readonly userId: string; readonly sessionId: string }): Promise<PresenceState>;
  /** A message of the session's client, which by itself makes it active. Returns the new state. */
  update(session: { readonly userId: string; readonly sessionId: string }, update: PresenceUpdate): Promise<PresenceState>;
  /** The state of each user, in the given order, known or not, all at one moment. */
  read(userIds: readonly string[]): Promise<{ readonly moment: PresenceMoment; readonly states: readonly PresenceState[] }>;
  /** Of these users, the state of those who changed after `since` for the audience that looks at them. */
  readChanges(users: ReadonlyMap<string, Audience>, since: PresenceMoment): Promise<PresenceChanges>;
  /** Calls `listener` with every change from now on, in the order of their positions. Returns a function that stops it. */
  onChange(listener: (change: PresenceChange) => void): () => void;
  close(): Promise<void>;
}
