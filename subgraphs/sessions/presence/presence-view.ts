import { defaultSettings, type Activity, type Audience, type Availability, type PresenceState, type Visibility } from './presence.js';

const minute = 60_000;

/** One presence as one audience sees it. */
export interface PresenceView {
  readonly userId: string;
  readonly availability: Availability;
  readonly activity: Activity | null;
  readonly statusMessage: string | null;
  /** Floored to the minute, in ms since the epoch; null when hidden or never. */
  readonly lastSeenAt: number | null;
  readonly version: number;
  /** Null for everyone but the user. */
  readonly devices: number | null;
  /** Null for everyone but the user. */
  readonly visibility: Visibility | null;
}

/**
 * What `audience` sees of `state` at `now`. A user who is hidden from the audience looks exactly like one who is offline and was never
 * seen, with a version that stands still.
 */
export function viewPresence(state: PresenceState, audience: Audience, now: number): PresenceView {
  const settings = state.settings ?? defaultSettings;
  const { userId, availability } = state;
  const version = versionFor(state, audience);
  if (audience === 'OWN') {
    return {
      userId,
      availability,
      activity: state.activity,
      statusMessage: settings.statusMessage,
      lastSeenAt: lastSeen(state, now),
      version,
      devices: state.devices,
      visibility: settings.visibility,
    };
  }
  const hidden = {
    userId,
    availability: 'OFFLINE',
    activity: null,
    statusMessage: null,
    version,
    devices: null,
    visibility: null,
  } as const;
  if (!isVisibleTo(settings.visibility, audience)) return { ...hidden, lastSeenAt: null };
  if (availability === 'OFFLINE') return { ...hidden, lastSeenAt: lastSeen(state, now) };
  return { ...hidden, availability, activity: state.activity, statusMessage: settings.statusMessage, lastSeenAt: lastSeen(state, now) };
}

export function versionFor({ versions }: PresenceState, audience: Audience): number {
  switch (audience) {
    case 'OWN':
      return versions.own;
    case 'FRIEND':
      return versions.friend;
    case 'STRANGER':
      return versions.stranger;
  }
}

/** Grows with every change that anybody sees, and when versions are renewed. */
export function ageOf({ versions: { own, friend, stranger } }: PresenceState): number {
  return own + friend + stranger;
}

/** Whether `audience` sees the same in both, apart from the passing of time and the version. */
export function looksTheSame(a: PresenceState, b: PresenceState, audience: Audience): boolean {
  // Most of all transitions are renewals, which change nothing that anybody could see.
  const isSame = a.availability === b.availability && a.devices === b.devices && a.activity === b.activity && a.settings === b.settings;
  if (isSame && (a.lastSeenAt === b.lastSeenAt || a.availability !== 'OFFLINE')) return true;
  // With one and the same time, someone online was last seen at the same minute in both.
  const [viewA, viewB] = [viewPresence(a, audience, 0), viewPresence(b, audience, 0)];
  return (
    viewA.availability === viewB.availability &&
    viewA.statusMessage === viewB.statusMessage &&
    viewA.lastSeenAt === viewB.lastSeenAt &&
    viewA.devices === viewB.devices &&
    viewA.visibility === viewB.visibility &&
    (viewA.activity === viewB.activity || JSON.stringify(viewA.activity) === JSON.stringify(viewB.activity))
  );
}

function isVisibleTo(visibility: Visibility, audience: 'FRIEND' | 'STRANGER'): boolean {
  return visibility === 'EVERYONE' || (visibility === 'FRIENDS' && audience === 'FRIEND');
}

function lastSeen({ availability, lastSeenAt }: PresenceState, now: number): number | null {
  const at = availability === 'OFFLINE' ? lastSeenAt : now;
  return at === null ? null : Math.floor(at / minute) * minute;
}
