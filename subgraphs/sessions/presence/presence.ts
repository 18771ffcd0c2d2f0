/** How long changes are kept for those who resume, in ms (P7). */
export const changesKeptMs = 120_000;

/**
 * Versions begin with the seconds since then, so that they do not go back when a store has lost its state: nobody's presence changes once
 * a second for as long as a store lives. In ms since the epoch; enough until 2094.
 */
export const versionsBegan = Date.UTC(2026, 0, 1);

/** Whether someone can be played or talked with now. */
export type Availability = 'ONLINE' | 'AWAY' | 'BUSY' | 'OFFLINE';

/** Who may see that someone is online; `NOBODY` makes the user invisible. */
export type Visibility = 'EVERYONE' | 'FRIENDS' | 'NOBODY';

/** Who looks at a presence. What a stranger must not know, an anonymous caller must not know either. */
export type Audience = 'OWN' | 'FRIEND' | 'STRANGER';

export interface ActivityPair {
  readonly key: string;
  readonly value: string;
}

/** What one session is doing. Doing nothing in particular is null. */
export interface Activity {
  readonly kind: 'LOBBY' | 'IN_GAME';
  readonly gameId: string | null;
  readonly text: string | null;
  readonly joinable: boolean;
  /** In ms since the epoch. */
  readonly since: number;
  readonly data: readonly ActivityPair[];
}

/** As the client declares it: since when is up to the store, because processes' clocks differ. */
export type DeclaredActivity = Omit<Activity, 'since'>;

/** What belongs to the user rather than to a session: it survives going offline and a restart. */
export interface PresenceSettings {
  /** Grows with every change, so that a late write of older settings never replaces newer ones. 0 = never set. */
  readonly revision: number;
  readonly isBusy: boolean;
  readonly statusMessage: string | null;
  readonly visibility: Visibility;
}

/** The settings of a user who has never set any. */
export const defaultSettings: PresenceSettings = { revision: 0, isBusy: false, statusMessage: null, visibility: 'EVERYONE' };

/** One subscription (or the heartbeat) of one session of one user. */
export interface ConnectionKey {
  readonly userId: string;
  readonly sessionId: string;
  readonly connectionId: string;
}

/**
 * A version per audience, which grows only when what that audience sees changes: a counter over all changes would tell strangers that
 * an invisible user is active. `friend` and `stranger` draw from one row of numbers, and are renewed (`withRenewedVersions`) before and
 * after a relation changes: a viewer who changes from one to the other sees no version go back, and who was a friend once need not be
 * remembered.
 */
export interface PresenceVersions {
  readonly own: number;
  readonly friend: number;
  readonly stranger: number;
}

/** The truth about one user, from which every audience gets its view (see presence-view.ts). Never shown as it is. */
export interface PresenceState {
  readonly userId: string;
  /** `OFFLINE` when and only when no session has a live lease; the visibility does not count here. */
  readonly availability: Availability;
  readonly activity: Activity | null;
  /** How many sessions are online. */
  readonly devices: number;
  /** When a connection was last known to be alive, in ms since the epoch; null = never since the store began. */
  readonly lastSeenAt: number | null;
  /** Null = the store has not been told; then the user has not been online since it began. */
  readonly settings: PresenceSettings | null;
  readonly versions: PresenceVersions;
}
