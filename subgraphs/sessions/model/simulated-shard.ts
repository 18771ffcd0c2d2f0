import type { PresenceSettings, PresenceState } from '../presence/presence.js';
import { changesKeptMs, versionsBegan, type Activity, type Audience, type DeclaredActivity } from '../presence/presence.js';
import {
  absentUser,
  advance,
  isUnknownConnection,
  nextDeadline,
  withRenewedVersions,
  type PresenceEvent,
  type UserPresence,
} from '../presence/user-presence.js';
import type { InputFields } from '../presence/session-inputs.js';
import { createInputMemory } from '../data/input-memory.js';
import { encodeActivity, encodeSettings } from '../data/redis-presence/presence-codec.js';
import { lifeMargin } from '../data/redis-presence/shard-script.js';
import {
  announceScript,
  connectScript,
  endSessionScript,
  leaveScript,
  readScript,
  renewScript,
  renewVersionsScript,
  sweepScript,
  takeInputScript,
  updateScript,
} from '../data/redis-presence/presence-scripts.js';

const audiences = ['OWN', 'FRIEND', 'STRANGER'] as const;
const [outageMs, amnestyMs, keptMs] = [10_000, 20_000, changesKeptMs + 5_000];

interface Kept {
  readonly user: UserPresence;
  readonly offsets: Readonly<Record<Audience, number>>;
  /** As the scripts keep it. */
  readonly json: string;
}

export interface Entry {
  readonly offset: number;
  readonly at: number;
  readonly fields: readonly string[];
}

/** One shard as Redis keeps it, and what the scripts do to it, by `advance` instead of Lua; rules.test.ts proves that these are the same. */
export interface SimulatedShard {
  run(sha: string, common: CommonArguments, own: readonly string[]): readonly [string, number, number, number, unknown];
  readonly entries: readonly Entry[];
  /** The highest of those that others see. */
  versionOf(userId: string): number;
  /** What a server that starts with these data has. The same object until something is written. */
  saved(): SavedShard;
}

export interface SavedShard {
  readonly meta: Meta;
  readonly users: ReadonlyMap<string, Kept>;
  readonly due: ReadonlyMap<string, number>;
  readonly entries: readonly Entry[];
}

export interface CommonArguments {
  readonly processId: string;
  readonly epoch: string;
  readonly offset: number;
  readonly base: number;
  readonly server: string;
}

interface Meta {
  readonly epoch: string | null;
  readonly offset: number;
  readonly forgotten: number;
  readonly base: number;
  readonly swept: number;
  readonly amnesty: number;
  readonly server: string;
}

const nothing: SavedShard = {
  meta: { epoch: null, offset: 0, forgotten: 0, base: 0, swept: 0, amnesty: 0, server: '' },
  users: new Map(),
  due: new Map(),
  entries: [],
};

export function createSimulatedShard(
  now: () => number,
  nextEpoch: () => string,
  onAppend: () => void,
  start: SavedShard = nothing,
): SimulatedShard {
  let { meta } = start;
  const users = new Map(start.users);
  const due = new Map(start.due);
  let entries = [...start.entries];
  let saved: SavedShard | undefined;
  // Gone with a restart.
  const inputs = createInputMemory();

  function enter({ epoch, offset, base, server }: CommonArguments): void {
    const before = epoch === '' ? 0 : base + lifeMargin;
    if (meta.epoch === null) {
      beginLife(server, before);
    } else if (meta.server !== server || (epoch === meta.epoch && meta.offset < offset)) {
      beginLife(server, before);
      meta = { ...meta, amnesty: now() + amnestyMs };
    }
    if (now() - meta.swept > outageMs) meta = { ...meta, swept: now(), amnesty: now() + amnestyMs };
    if (meta.base < base) meta = { ...meta, base };
  }

  function beginLife(server: string, before: number): void {
    const base = Math.max(meta.base, Math.floor((now() - versionsBegan) / 1000), before, 1);
    meta = { ...meta, epoch: nextEpoch(), forgotten: meta.offset, base, swept: now(), server };
  }

  function append(by: string, ...told: readonly string[]): void {
    meta = { ...meta, offset: meta.offset + 1 };
    const fields = ['at', String(now()), 'epoch', meta.epoch ?? '', 'by', by, ...told];
    entries.push({ offset: meta.offset, at: now(), fields });
    saved = undefined;
    onAppend();
  }

  function load(userId: string): UserPresence {
    const user = users.get(userId)?.user ?? absentUser(userId, meta.base);
    const { own, friend, stranger } = user.state.versions;
    const versions = { own: Math.max(own, meta.base), friend: Math.max(friend, meta.base), stranger: Math.max(stranger, meta.base) };
    return { sessions: meta.amnesty > now() ? lengthened(user.sessions, meta.amnesty) : user.sessions, state: { ...user.state, versions } };
  }

  function step(by: string, userId: string, event: PresenceEvent): string {
    const { user, changedFor } = advance(load(userId), event, now());
    const offsets = { ...(users.get(userId)?.offsets ?? { OWN: 0, FRIEND: 0, STRANGER: 0 }) };
    for (const audience of changedFor) offsets[audience] = meta.offset + 1;
    const state = encode(user.state);
    if (changedFor.length > 0) {
      const letters = changedFor.map((audience) => audience.charAt(0)).join('');
      append(by, 'of', userId, 'for', letters, 'state', JSON.stringify(state));
    }
    if (users.has(userId) || user.sessions.size > 0 || user.state.settings !== null) {
      due.set(userId, nextDeadline(user, now()) ?? Infinity);
      keep(userId, user, offsets);
    }
    return JSON.stringify(state);
  }

  function keep(userId: string, user: UserPresence, offsets: Kept['offsets']): void {
    const json = JSON.stringify({ ...encode(user.state), o: audiences.map((audience) => offsets[audience]) });
    users.set(userId, { user, offsets, json });
    saved = undefined;
  }

  function renewVersions(userId: string): void {
    const kept = users.get(userId);
    // An amnesty is no reason to keep anything for longer.
    if (kept !== undefined) keep(userId, { ...withRenewedVersions(load(userId)), sessions: kept.user.sessions }, kept.offsets);
  }

  function sweep(by: string, userIds: Iterable<string>): void {
    if (meta.amnesty > now()) return;
    for (const userId of userIds) if ((due.get(userId) ?? Infinity) <= now()) step(by, userId, { kind: 'Sweep' });
  }

  function trim(): void {
    const first = entries.findIndex(({ at }) => at >= now() - keptMs);
    const old = first < 0 ? entries.length : first;
    if (old === 0) return;
    meta = { ...meta, forgotten: Math.max(meta.forgotten, entries[old - 1]?.offset ?? 0) };
    entries = entries.slice(old);
    saved = undefined;
  }

  function execute(sha: string, by: string, own: readonly string[]): unknown {
    const [userId = '', sessionId = '', connectionId = ''] = own;
    switch (sha) {
      case connectScript.sha:
        return step(by, userId, { kind: 'Connect', sessionId, connectionId, settings: decodeSettings(own.slice(3)) ?? never() });
      case renewScript.sha:
        return Array.from({ length: own.length / 3 }, (_, each) => each).filter((each) => {
          const [id = '', session = '', connection = ''] = own.slice(3 * each);
          if (isUnknownConnection(load(id), session, connection, now())) return true;
          step(by, id, { kind: 'Renew', sessionId: session, connectionId: connection });
          return false;
        });
      case leaveScript.sha:
        return step(by, userId, { kind: 'Leave', sessionId, connectionId, graceMs: Number(own[3]) });
      case endSessionScript.sha:
        return step(by, userId, { kind: 'EndSession', sessionId });
      case updateScript.sha:
        return step(by, userId, {
          kind: 'Update',
          sessionId,
          settings: decodeSettings(own.slice(2)),
          isAway: own[6] === '' ? undefined : own[6] === '1',
          activity: decodeActivity(own.slice(7)),
        });
      case takeInputScript.sha: {
        const [, , most, json = ''] = own;
        const given = json === '' ? null : (JSON.parse(json) as { s: InputFields['session']; u: InputFields['user'] });
        const fields = given && { session: given.s, user: given.u };
        const taken = inputs.take({ userId, sessionId }, fields, { now: now(), most: Number(most) });
        if (!('fields' in taken)) return [taken.kind];
        const { session: s, user: u } = taken.fields;
        return [taken.kind, JSON.stringify({ s, u }), taken.kind === 'Later' ? taken.waitMs : 0];
      }
      case sweepScript.sha:
        meta = { ...meta, swept: now() };
        trim();
        sweep(by, due.keys());
        return 0;
      case readScript.sha:
        sweep(by, own);
        return own.map((each) => users.get(each)?.json ?? null);
      case renewVersionsScript.sha:
        for (const each of own) renewVersions(each);
        return 0;
      case announceScript.sha:
        append(by, 'notice', userId);
        return 0;
      default:
        throw new Error('ERR unknown script');
    }
  }

  return {
    run(sha, common, own) {
      enter(common);
      const result = execute(sha, common.processId, own);
      return [meta.epoch ?? '', meta.offset, meta.forgotten, meta.base, result];
    },
    get entries() {
      return entries;
    },
    versionOf(userId) {
      const { friend, stranger } = load(userId).state.versions;
      return Math.max(friend, stranger);
    },
    saved() {
      saved ??= { meta, users: new Map(users), due: new Map(due), entries: [...entries] };
      // A sweep writes when it was, and nothing else.
      if (saved.meta !== meta) saved = { ...saved, meta };
      return saved;
    },
  };
}

/** No lease runs out during an amnesty. */
function lengthened(sessions: UserPresence['sessions'], until: number): UserPresence['sessions'] {
  return new Map(
    [...sessions].map(([id, session]) => [
      id,
      {
        ...session,
        keepUntil: Math.max(session.keepUntil, until),
        connections: new Map([...session.connections].map(([key, each]) => [key, { ...each, until: Math.max(each.until, until) }])),
      },
    ]),
  );
}

function encode({ availability, devices, lastSeenAt, settings, activity, versions }: PresenceState) {
  return {
    a: availability,
    d: devices,
    ...(lastSeenAt === null ? {} : { l: lastSeenAt }),
    ...(settings === null ? {} : { g: encodeSettings(settings) }),
    ...(activity === null ? {} : { x: storedActivity(activity) }),
    v: [versions.own, versions.friend, versions.stranger],
  };
}

function decodeSettings([revision = '', busy, visibility, status = '']: readonly string[]): PresenceSettings | undefined {
  if (revision === '') return undefined;
  const statusMessage = JSON.parse(status) as string | null;
  return { revision: Number(revision), isBusy: busy === '1', visibility: visibility as PresenceSettings['visibility'], statusMessage };
}

function storedActivity({ since, ...declared }: Activity) {
  const [kind, gameId, rest] = encodeActivity(declared);
  return [kind, gameId, since, rest];
}

function decodeActivity([kind, gameId = '', rest = '']: readonly string[]): DeclaredActivity | null | undefined {
  if (kind === undefined || kind === '') return undefined;
  if (kind === 'NONE') return null;
  const told = JSON.parse(rest) as Pick<Activity, 'text' | 'joinable' | 'data'>;
  return { ...told, kind: kind as Activity['kind'], gameId: JSON.parse(gameId) as string | null };
}

function never(): never {
  throw new Error('ERR a connection without settings');
}
