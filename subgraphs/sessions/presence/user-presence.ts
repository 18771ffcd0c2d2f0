import { looksTheSame } from './presence-view.js';
import type { Activity, Audience, DeclaredActivity, PresenceSettings, PresenceState, PresenceVersions } from './presence.js';

/** How long a lease lives without being renewed, in ms (P3). */
export const leaseMs = 45_000;
/** How long a session may say nothing before it counts as idle, in ms (P2). */
export const idleMs = 5 * 60_000;

/**
 * `Leaving` is lost and may come back: it still counts. `Gone` went offline on purpose while its socket stayed open: it does not count,
 * and is kept so that the socket's next renewal is not taken for one that the store has forgotten.
 */
interface Connection {
  readonly kind: 'Live' | 'Leaving' | 'Gone';
  readonly until: number;
}

interface SessionPresence {
  readonly connections: ReadonlyMap<string, Connection>;
  readonly isAway: boolean;
  readonly lastMessageAt: number;
  readonly activity: Activity | null;
  /** A client may declare what it does just before it connects: until then the session is kept without a connection. */
  readonly keepUntil: number;
}

/** Everything about the presence of one user. Immutable; `advance` makes the next one. */
export interface UserPresence {
  readonly sessions: ReadonlyMap<string, SessionPresence>;
  readonly state: PresenceState;
}

export type PresenceEvent =
  | { readonly kind: 'Connect'; readonly sessionId: string; readonly connectionId: string; readonly settings: PresenceSettings }
  | { readonly kind: 'Renew'; readonly sessionId: string; readonly connectionId: string }
  | { readonly kind: 'Leave'; readonly sessionId: string; readonly connectionId: string; readonly graceMs: number }
  | { readonly kind: 'EndSession'; readonly sessionId: string }
  | {
      /** A message of the session's client. What is left out stays. */
      readonly kind: 'Update';
      readonly sessionId: string;
      readonly settings?: PresenceSettings | undefined;
      readonly isAway?: boolean | undefined;
      readonly activity?: DeclaredActivity | null | undefined;
    }
  | { readonly kind: 'Sweep' };

/** The presence of a user of whom nothing is known. `version` is what all unknown users have. */
export function absentUser(userId: string, version: number): UserPresence {
  return {
    sessions: new Map(),
    state: {
      userId,
      availability: 'OFFLINE',
      activity: null,
      devices: 0,
      lastSeenAt: null,
      settings: null,
      versions: { own: version, friend: version, stranger: version },
    },
  };
}

/**
 * The presence after `event` at `now` (ms), and the audiences that see a difference. Leases that have run out until then are dropped
 * first, in the same step: a client that comes back before anyone has swept does not flicker.
 */
export function advance(user: UserPresence, event: PresenceEvent, now: number): { user: UserPresence; changedFor: readonly Audience[] } {
  const fresh = dropExpired(user.sessions, now);
  const sessions = apply(fresh, event, now);
  const settings = 'settings' in event ? newer(user.state.settings, event.settings) : user.state.settings;
  const wasSeen = [...fresh.values(), ...sessions.values()].some(isAlive);
  const lastSeenAt = wasSeen ? now : user.state.lastSeenAt;
  const next: PresenceState = { ...user.state, ...aggregate(sessions, settings, now), settings, lastSeenAt };
  const changedFor = (['OWN', 'FRIEND', 'STRANGER'] as const).filter((audience) => !looksTheSame(user.state, next, audience));
  return { user: { sessions, state: { ...next, versions: raise(next.versions, changedFor) } }, changedFor };
}

/**
 * Before the user's relation to somebody changes: from now on, each version that friends or strangers are told is above whatever either of
 * them was told before, so that who changes from one to the other sees none go back. Nobody sees a difference.
 */
export function withRenewedVersions({ sessions, state }: UserPresence): UserPresence {
  const renewed = nextVersion(state.versions);
  return { sessions, state: { ...state, versions: { own: state.versions.own, friend: renewed, stranger: renewed } } };
}

/** Whether a renewal of this connection would be for nothing, because the store has lost it or never had it. */
export function isUnknownConnection(user: UserPresence | undefined, sessionId: string, connectionId: string, now: number): boolean {
  const connection = user?.sessions.get(sessionId)?.connections.get(connectionId);
  return connection === undefined || connection.until <= now;
}

/** When time alone next changes something, in ms since the epoch; null = never. */
export function nextDeadline({ sessions }: UserPresence, now: number): number | null {
  let deadline = Infinity;
  for (const session of sessions.values()) {
    if (session.connections.size === 0) deadline = Math.min(deadline, session.keepUntil);
    for (const { until } of session.connections.values()) deadline = Math.min(deadline, until);
    const idleAt = session.lastMessageAt + idleMs;
    if (isLive(session) && !session.isAway && idleAt > now) deadline = Math.min(deadline, idleAt);
  }
  return deadline === Infinity ? null : deadline;
}

function apply(sessions: ReadonlyMap<string, SessionPresence>, event: PresenceEvent, now: number): ReadonlyMap<string, SessionPresence> {
  if (event.kind === 'Sweep') return sessions;
  const session = sessions.get(event.sessionId);
  const next = applyToSession(session, event, now);
  if (next === session) return sessions;
  const changed = new Map(sessions);
  if (next === undefined) changed.delete(event.sessionId);
  else changed.set(event.sessionId, next);
  return changed;
}

function applyToSession(
  session: SessionPresence | undefined,
  event: Exclude<PresenceEvent, { kind: 'Sweep' }>,
  now: number,
): SessionPresence | undefined {
  switch (event.kind) {
    case 'Connect': {
      const { connections, ...rest } = session ?? newSession(now);
      // The session is back: what it lost has nothing left to wait for.
      const kept = [...connections].filter(([, { kind }]) => kind !== 'Leaving');
      return {
        ...rest,
        // Reconnecting is not a message: an idle session that loses its socket and comes back stays idle, and nobody hears of it.
        lastMessageAt: session !== undefined && isLive(session) ? session.lastMessageAt : now,
        connections: new Map([...kept, [event.connectionId, { kind: 'Live', until: now + leaseMs }]]),
      };
    }
    case 'Renew': {
      const connection = session?.connections.get(event.connectionId);
      // A renewal that was under way when its socket was lost must not bring it back.
      if (session === undefined || connection === undefined || connection.kind === 'Leaving') return session;
      return withConnection(session, event.connectionId, { kind: connection.kind, until: now + leaseMs });
    }
    case 'Leave': {
      const connection = session?.connections.get(event.connectionId);
      if (session === undefined || connection === undefined) return session;
      if (connection.kind === 'Gone' || event.graceMs <= 0) return withConnection(session, event.connectionId, undefined);
      const until = now + event.graceMs;
      return withConnection(session, event.connectionId, {
        kind: 'Leaving',
        until: Math.min(until, connection.kind === 'Leaving' ? connection.until : until),
      });
    }
    case 'EndSession': {
      if (session === undefined) return undefined;
      const gone = [...session.connections]
        .filter(([, { kind }]) => kind !== 'Leaving')
        .map(([id, { until }]) => [id, { kind: 'Gone', until }] as const);
      return gone.length === 0 ? undefined : { ...session, isAway: false, activity: null, connections: new Map(gone) };
    }
    case 'Update': {
      const declares = event.isAway !== undefined || event.activity !== undefined;
      if (session === undefined && !declares) return undefined;
      const known = session ?? newSession(now);
      return {
        ...known,
        lastMessageAt: now,
        keepUntil: declares ? now + leaseMs : known.keepUntil,
        ...(event.isAway === undefined ? {} : { isAway: event.isAway }),
        ...(event.activity === undefined ? {} : { activity: continued(known.activity, event.activity, now) }),
      };
    }
  }
}

function newSession(now: number): SessionPresence {
  return { connections: new Map(), isAway: false, lastMessageAt: now, activity: null, keepUntil: now };
}

/** A session ends with its last connection, and what it was doing with it. */
function withConnection(session: SessionPresence, id: string, connection: Connection | undefined): SessionPresence | undefined {
  const connections = new Map(session.connections);
  if (connection === undefined) connections.delete(id);
  else connections.set(id, connection);
  return connections.size === 0 ? undefined : { ...session, connections };
}

/** The same thing with another text has been going on since it began. */
export function continued(before: Activity | null, next: DeclaredActivity | null, now: number): Activity | null {
  if (next === null) return null;
  const isSame = before?.kind === next.kind && before.gameId === next.gameId;
  return { ...next, since: isSame ? before.since : now };
}

function dropExpired(sessions: ReadonlyMap<string, SessionPresence>, now: number): ReadonlyMap<string, SessionPresence> {
  const fresh = new Map<string, SessionPresence>();
  for (const [id, session] of sessions) {
    const kept = withoutExpired(session, now);
    if (kept !== undefined) fresh.set(id, kept);
  }
  return fresh;
}

function withoutExpired(session: SessionPresence, now: number): SessionPresence | undefined {
  if (session.connections.size === 0) return session.keepUntil > now ? session : undefined;
  const kept = [...session.connections].filter(([, { until }]) => until > now);
  if (kept.length === session.connections.size) return session;
  return kept.length === 0 ? undefined : { ...session, connections: new Map(kept) };
}

function isLive({ connections }: SessionPresence): boolean {
  return [...connections.values()].some(({ kind }) => kind !== 'Gone');
}

function isAlive({ connections }: SessionPresence): boolean {
  return [...connections.values()].some(({ kind }) => kind === 'Live');
}

/** P2, for the user's own eyes; presence-view.ts takes away what others may not see. */
function aggregate(
  sessions: ReadonlyMap<string, SessionPresence>,
  settings: PresenceSettings | null,
  now: number,
): Pick<PresenceState, 'availability' | 'activity' | 'devices'> {
  const all = [...sessions.values()];
  const live = all.filter(isLive);
  const isActive = live.some(({ isAway, lastMessageAt }) => !isAway && lastMessageAt + idleMs > now);
  return {
    availability: live.length === 0 ? 'OFFLINE' : settings?.isBusy === true ? 'BUSY' : isActive ? 'ONLINE' : 'AWAY',
    // What a session declared before it connected shows to its own user only: nobody else sees the activity of someone offline.
    activity: newestActivity(live.length === 0 ? all : live),
    devices: live.length,
  };
}

function newestActivity(sessions: readonly SessionPresence[]): Activity | null {
  return sessions.reduce<Activity | null>(
    (newest, { activity }) => (activity !== null && (newest === null || activity.since > newest.since) ? activity : newest),
    null,
  );
}

function newer(known: PresenceSettings | null, given: PresenceSettings | undefined): PresenceSettings | null {
  return given === undefined || (known !== null && known.revision >= given.revision) ? known : given;
}

/** Friends and strangers draw from one row of numbers. */
function nextVersion({ friend, stranger }: PresenceVersions): number {
  return Math.max(friend, stranger) + 1;
}

function raise(versions: PresenceVersions, changedFor: readonly Audience[]): PresenceVersions {
  if (changedFor.length === 0) return versions;
  const next = nextVersion(versions);
  return {
    own: changedFor.includes('OWN') ? versions.own + 1 : versions.own,
    friend: changedFor.includes('FRIEND') ? next : versions.friend,
    stranger: changedFor.includes('STRANGER') ? next : versions.stranger,
  };
}
