import type { InputFields, TakenInput } from '../../presence/session-inputs.js';
import type { Audience, ConnectionKey, DeclaredActivity, PresenceSettings, PresenceState } from '../../presence/presence.js';

/** A point in the history of one shard. Offsets grow with every entry of the shard; those of two shards have nothing to do with each other. */
export interface PresencePosition {
  readonly shard: number;
  readonly offset: number;
}

/**
 * A moment in the history of all presences, or of those shards that were asked for: what was read at a moment holds every entry up to its
 * offsets. Moments of different epochs have nothing to do with each other: a store that lost its state, or a part of it, begins a new
 * epoch.
 */
export interface PresenceMoment {
  readonly epoch: string;
  /** By shard. */
  readonly offsets: ReadonlyMap<number, number>;
}

export interface PresenceChange {
  readonly position: PresencePosition;
  readonly state: PresenceState;
  /** Who sees a difference; never empty. */
  readonly changedFor: readonly Audience[];
  /** Whether this process made the change, by a call or by sweeping: exactly one process did. */
  readonly madeHere: boolean;
}

/** What else every process must hear about a user, in order with the changes of that user. */
export type UserNotice =
  /** How the two stand was changed, and can be read. Told of both. */
  | { readonly kind: 'RelationChanged'; readonly userId: string; readonly otherId: string }
  /** The account is gone for good. */
  | { readonly kind: 'UserDeleted'; readonly userId: string }
  /** A session of the user began, changed or ended, and can be read. */
  | { readonly kind: 'SessionChanged'; readonly userId: string; readonly sessionId: string };

export interface PresenceListener {
  /** Every change from now on, those of one shard in the order of their offsets. */
  readonly onChange?: (change: PresenceChange) => void;
  readonly onNotice?: (notice: UserNotice, position: PresencePosition) => void;
  /**
   * The store lost its state, or this process may have missed something. What was read before is worth nothing: connections have to be
   * made anew, and who follows somebody must read again. The listener is called first, changes come after it.
   */
  readonly onLost?: (loss: PresenceLoss) => void;
}

export interface PresenceLoss {
  /** Whether the user was last known to be online: they are again as soon as the process that has their connection has made it anew. */
  wasOnline(userId: string): boolean;
}

export type PresenceChanges =
  | { readonly kind: 'Changes'; readonly moment: PresenceMoment; readonly states: readonly PresenceState[] }
  /** The moment is older than what is kept. */
  | { readonly kind: 'TooOld' }
  /** The moment belongs to another epoch. */
  | { readonly kind: 'UnknownEpoch' };

export interface SessionKey {
  readonly userId: string;
  readonly sessionId: string;
}

/** What a session's client declares. What is left out stays. */
export interface PresenceUpdate {
  readonly settings?: PresenceSettings | undefined;
  /** Idle by the client's own word. */
  readonly isAway?: boolean | undefined;
  readonly activity?: DeclaredActivity | null | undefined;
}

/**
 * The hot state of everybody's presence, in this process or shared by many. Each method is one atomic transition by the rules of
 * user-presence.ts and the store's own clock. Leases that nobody renews run out by themselves. Settings with a revision that is not
 * newer than the known one are ignored. Every method rejects when the store cannot be reached, but `read`, which then answers what was
 * last known of users that it knows.
 */
export interface PresenceStore {
  /** Gives the connection a lease of 45 s. `settings` are the user's own, needed when the store does not know them. Returns the new state. */
  connect(key: ConnectionKey, settings: PresenceSettings): Promise<PresenceState>;
  /** Renews the leases of many connections. Returns those that the store does not know: it lost them, or they ran out. */
  renew(keys: readonly ConnectionKey[]): Promise<readonly ConnectionKey[]>;
  /** The connection is lost; it counts for another `graceMs` (0 = not at all) unless its session connects again. */
  leave(key: ConnectionKey, graceMs: number): Promise<void>;
  /** Takes all connections of the session offline at once. Its open sockets count again only with a new connection. */
  endSession(session: SessionKey): Promise<PresenceState>;
  /** A message of the session's client, which by itself makes it active. Returns the new state. */
  update(session: SessionKey, update: PresenceUpdate): Promise<PresenceState>;
  /**
   * Counts one more input of the session, in whatever process: what is more than `most` in 20 s is kept, merged into one. With null, asks for
   * what is kept, which a store that has lost its state does not know.
   */
  takeInput(session: SessionKey, fields: InputFields | null, most: number): Promise<TakenInput>;
  /**
   * The state of each user, in the given order, known or not: those of one shard all at one moment. The moment has (at least) the shards
   * of these users.
   */
  read(userIds: readonly string[]): Promise<{ readonly moment: PresenceMoment; readonly states: readonly PresenceState[] }>;
  /**
   * Of these users, the state of those who changed after `since` for the audience that looks at them. A user whose shard `since` does not
   * name counts as changed.
   */
  readChanges(users: ReadonlyMap<string, Audience>, since: PresenceMoment): Promise<PresenceChanges>;
  /** Which shard's offsets tell of the user. */
  shardOf(userId: string): number;
  /**
   * Up to where, in every shard, all has been told to the listeners of this process, what is being told right now included. Begins where the
   * telling began, before the first entry; of the new epoch from `onLost` on.
   */
  heard(): PresenceMoment;
  /**
   * Before how these users stand to somebody changes: from now on their versions, for friends and strangers alike, are above whatever
   * either has been told. Tells nobody, moves no moment, and may be repeated. Each user by themself is one transition. Who is unknown
   * stays unknown, with one version for everybody.
   */
  renewVersions(userIds: readonly string[]): Promise<void>;
  /**
   * Tells the notice to the listeners of every process, this one too, before whatever those whom it names do next; so one that names two may
   * be told twice. Resolves when it will not be lost.
   */
  announce(notice: UserNotice): Promise<void>;
  /** Returns a function that stops it. */
  listen(listener: PresenceListener): () => void;
  /** Rejects when the store cannot be reached. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
