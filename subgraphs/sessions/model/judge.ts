import type { PresenceView } from '../presence/presence-view.js';
import { paceMs } from '../services/presence/following/presence-feed.js';
import { unsentMs } from '../services/presence/following/presence-subscription.js';
import type { PresenceMessage } from '../services/presence/following/presence-messages.js';
import type { PresenceSettingsRepository } from '../services/presence/presence-settings-repository.js';
import type { RelationKind } from '../../../shared/users/relation-table.js';
import { viewerOf, type Device, type Socket } from './device.js';
import type { Liveness } from './liveness.js';
import type { Process } from './process.js';
import type { ModelRedis } from './model-redis.js';
import type { ToldMap } from './told-map.js';
import type { VirtualTime } from './virtual-time.js';

/** What is on its way has arrived after this long, when nothing is broken. In ms. */
const settledMs = 3_000;

export interface JudgeOptions {
  readonly time: VirtualTime;
  readonly server: ModelRedis | undefined;
  readonly liveness: Liveness;
  readonly relations: { kindOf(a: string, b: string): RelationKind | undefined; isAtRest(): boolean };
  readonly settings: {
    readonly rows: ReadonlyMap<
      string,
      Awaited<ReturnType<PresenceSettingsRepository['find']>> extends ReadonlyMap<string, infer Row> ? Row : never
    >;
  };
  readonly devices: readonly Device[];
  readonly processes: () => readonly Process[];
}

/** Holds what clients are told against the invariants of presence. Collects what is wrong: it is called from where nobody would hear a throw. */
export function createJudge({ time, server, liveness, relations, settings, devices, processes }: JudgeOptions) {
  const faults: string[] = [];
  const last = { fault: time.now() };
  /** When something was done to a user other than a loss that they came back from. */
  const touchedAt = new Map<string, number>();
  /** By user, how many updates have not been told to the store for sure. */
  const updates = new Map<string, number>();
  const updatedAt = new Map<string, number>();
  const relatedAt = new Map<string, number>();
  const stalledAt = new Map<Device, number>();
  /** By viewer and user: the version at which the viewer was blocked. */
  const blockedAt = new Map<string, number>();
  /** By socket and user: when a change was told last. */
  const changedAt = new WeakMap<Socket, Map<string, number>>();
  const counts = { messages: 0, entries: 0, resyncs: 0, resumed: 0, compared: 0, offline: 0 };

  const since = (at: number | undefined): number => time.now() - (at ?? -Infinity);
  const pairOf = (a: string, b: string): string => [a, b].sort().join(' ');
  const fail = (device: Device, what: string): void => {
    faults.push(`${device.name}: ${what}`);
  };

  function seenAs(viewerId: string, userId: string): 'own' | RelationKind | undefined {
    return viewerId === userId ? 'own' : relations.kindOf(viewerId, userId);
  }

  function isVisible(viewerId: string, userId: string): boolean {
    const relation = seenAs(viewerId, userId);
    if (relation === 'own') return true;
    if (relation === 'BLOCKED') return false;
    const visibility = settings.rows.get(userId)?.settings.visibility ?? 'EVERYONE';
    return visibility === 'EVERYONE' || (visibility === 'FRIENDS' && relation === 'FRIEND');
  }

  function isSettled(viewerId: string, userId: string, forMs = settledMs): boolean {
    return since(relatedAt.get(pairOf(viewerId, userId))) > forMs && since(last.fault) > forMs && relations.isAtRest();
  }

  /** Whether what it reads may have waited for it. */
  function isLate(device: Device): boolean {
    return device.isStalled || since(stalledAt.get(device)) <= settledMs;
  }

  function hasRelatedWithin(ms: number, viewerId: string): boolean {
    return devices.some(({ userId }) => since(relatedAt.get(pairOf(viewerId, userId))) <= ms);
  }

  function blocked(key: string, version: number | Promise<number>): void {
    if (typeof version === 'number') blockedAt.set(key, version);
    else time.hold(version.then((read) => void blockedAt.set(key, read)));
  }

  function sample(): void {
    for (const { userId } of devices) if (!liveness.isSureOfAll(userId)) touchedAt.set(userId, time.now());
  }

  function judgeEntry(
    device: Device,
    entry: PresenceView,
    before: PresenceView | undefined,
    socket: Socket,
    kind: PresenceMessage['kind'],
  ): void {
    const { userId: viewerId } = device;
    const { userId } = entry;
    const told = `${kind} ${userId} ${entry.availability} v${entry.version} after ${before?.availability ?? 'nothing'} v${before?.version ?? '-'}`;
    if (kind === 'Changed' && before !== undefined && entry.version < before.version) fail(device, `a version goes back: ${told}`);

    // What a client has not taken may be as old as this.
    const agedMs = isLate(device) ? unsentMs : 0;
    const isSettledHere = isSettled(viewerId, userId, settledMs + agedMs) && liveness.upFor(socket.process) > settledMs + agedMs;
    // Of users of whom nothing is known there is one version, in all eyes.
    const mayBeUnknown = entry.availability === 'OFFLINE' && !isSettledHere;
    if (kind === 'Changed' && socket.received > 0 && entry.version === before?.version && !mayBeUnknown && !isLate(device)) {
      fail(device, `a version is told twice: ${told}`);
    }

    const blocked = blockedAt.get(`${viewerId} ${userId}`);
    if (blocked !== undefined && entry.version > blocked && (kind === 'Changed' || entry.availability !== 'OFFLINE')) {
      const isFirst = kind !== 'Changed' || socket.received === 0;
      const isInFlight = isFirst && since(relatedAt.get(pairOf(viewerId, userId))) < settledMs;
      if (!isInFlight) fail(device, `somebody blocked is told: ${told}, blocked at v${blocked}`);
    }

    const isQuiet =
      isSettledHere && since(touchedAt.get(userId)) > 5_000 + agedMs && (updates.get(userId) ?? 0) === 0 && liveness.isSureOfAll(userId);
    if (entry.availability === 'OFFLINE') {
      counts.offline += 1;
      const sureFor = liveness.sureFor(userId);
      const isSeen = isVisible(viewerId, userId) && (updates.get(userId) ?? 0) === 0 && since(updatedAt.get(userId)) > settledMs + agedMs;
      if (isSeen && isSettledHere && sureFor > settledMs + agedMs) {
        fail(device, `OFFLINE although a lease lives: ${told}, sure for ${sureFor} ms`);
      }
      if (kind === 'Changed' && socket.received > 0 && before?.availability === 'OFFLINE' && isQuiet && looksTheSame(entry, before)) {
        fail(device, `OFFLINE is told twice: ${told}`);
      }
    }
    if (kind !== 'Changed' || socket.received === 0) return;
    // A client that says nothing is idle after five minutes.
    const isIdleNow = before?.availability === 'ONLINE' && entry.availability === 'AWAY';
    if (isQuiet && !isIdleNow && liveness.sureFor(userId) > 5_000 + agedMs && viewerId !== userId) {
      fail(device, `an event without a cause: ${told}`);
    }
    // What happened while a subscription was reading is told right after its first message.
    const isPunctual =
      since(socket.openedAt) > 2 * paceMs &&
      !isLate(device) &&
      devices.every(({ userId: other }) => isSettled(viewerId, other, settledMs + paceMs));
    const times = changedAt.get(socket) ?? new Map<string, number>();
    changedAt.set(socket, times);
    const pause = since(times.get(userId));
    if (pause < paceMs && isPunctual && liveness.upFor(socket.process) > settledMs) fail(device, `events ${pause} ms apart: ${told}`);
    times.set(userId, time.now());
  }

  function followed(device: Device): readonly string[] {
    const ids = new Set([...device.request.userIds, ...(device.request.friends ? devices.map(({ userId }) => userId) : [])]);
    return [...ids].filter((userId) => {
      const relation = seenAs(device.userId, userId);
      if (relation === 'BLOCKED') return false;
      return device.request.userIds.includes(userId) || relation === 'FRIEND';
    });
  }

  /** By user, what the client does not know about them. */
  async function differences(device: Device, from: Process): Promise<ReadonlyMap<string, string>> {
    const ids = followed(device);
    const views = (await time.until(from.service.view(viewerOf(device), ids))) ?? [];
    counts.compared += views.length;
    const found = new Map<string, string>();
    for (const view of views) {
      const entry = device.told.entries.get(view.userId);
      if (entry === undefined || !looksTheSame(entry, view)) found.set(view.userId, `knows ${show(entry)}, the truth is ${show(view)}`);
    }
    for (const entry of device.told.entries.values()) {
      if (!ids.includes(entry.userId) && entry.availability !== 'OFFLINE') found.set(entry.userId, `still knows ${show(entry)}`);
    }
    return found;
  }

  async function snapshotDifferences(device: Device, from: Process): Promise<readonly string[]> {
    // The snapshot before this one has made its session online, which the others hear of.
    await time.pass(600);
    const request = { ...device.request, since: null };
    const iterator = await time.until(from.service.subscribe(viewerOf(device), request, undefined));
    const { value: message } = (await iterator?.next()) as IteratorResult<PresenceMessage, undefined>;
    await iterator?.return?.();
    if (message?.kind !== 'Snapshot') return ['is given no snapshot'];
    return message.entries.flatMap((entry) => {
      const known = device.told.entries.get(entry.userId);
      // Whoever is blocked looks like somebody offline in a snapshot, and was removed from what the client knew.
      const isNobody =
        known === undefined && entry.availability === 'OFFLINE' && relations.kindOf(device.userId, entry.userId) === 'BLOCKED';
      if (entry.userId === device.userId || isNobody || (known !== undefined && looksTheSame(known, entry))) return [];
      return [`knows ${show(known)}, a snapshot says ${show(entry)}`];
    });
  }

  return {
    faults,
    counts,
    sample,
    fault: () => void (last.fault = time.now()),
    touched(userId: string): void {
      touchedAt.set(userId, time.now());
    },
    /** Settings are written to the database, and then told to the store; if that fails, it may hear of them at any time. Returns what is to be called when all is done. */
    updating(userId: string): () => void {
      updates.set(userId, (updates.get(userId) ?? 0) + 1);
      touchedAt.set(userId, time.now());
      return () => {
        updates.set(userId, (updates.get(userId) ?? 1) - 1);
        updatedAt.set(userId, time.now());
        touchedAt.set(userId, time.now());
      };
    },
    stalled: (device: Device) => void stalledAt.set(device, time.now()),
    ended: (device: Device, socket: Socket): void => {
      liveness.left(device.userId, socket.key, 15_000);
    },
    relationChanged([a, b]: readonly [string, string], what: 'written' | 'announced'): void {
      relatedAt.set(pairOf(a, b), time.now());
      const isBlocked = relations.kindOf(a, b) === 'BLOCKED';
      for (const [viewerId, userId] of [
        [a, b],
        [b, a],
      ] as const) {
        const key = `${viewerId} ${userId}`;
        if (!isBlocked) blockedAt.delete(key);
        else if (what === 'announced' && !blockedAt.has(key)) blocked(key, server?.versionOf(userId) ?? -1);
      }
    },
    told: (device: Device, message: PresenceMessage, before: ToldMap, socket: Socket): void => {
      counts.messages += 1;
      if (message.kind === 'Resync') counts.resyncs += 1;
      if (message.kind === 'Changed' && socket.received === 0) counts.resumed += 1;
      if (!('entries' in message)) return;
      counts.entries += message.entries.length;
      for (const entry of message.entries) judgeEntry(device, entry, before.entries.get(entry.userId), socket, message.kind);
    },

    /** Every viewer who reads and can be reached knows the truth, 2 s later at the latest. */
    async look(): Promise<void> {
      if (since(last.fault) < 9_000 || !relations.isAtRest()) return;
      const [from] = processes().filter((process) => process.hasStarted() && liveness.upFor(process) > 8_000);
      if (from === undefined) return;
      const unequal = async (among: Iterable<Device>): Promise<ReadonlyMap<Device, ReadonlyMap<string, string>>> => {
        const found = new Map<Device, ReadonlyMap<string, string>>();
        for (const device of among) {
          if (device.socket === undefined || device.isStalled || liveness.upFor(device.socket.process) < 8_000) continue;
          if (liveness.waitsForDatabase(device.socket.process)) continue;
          const what = await differences(device, from);
          if (what.size > 0) found.set(device, what);
        }
        return found;
      };
      const early = await unequal(devices);
      if (early.size === 0) return;
      await time.pass(2_000);
      for (const [device, late] of await unequal(early.keys())) {
        for (const [userId, what] of late) {
          // Something else may have happened meanwhile: a lease has run out, or how the viewer and anybody stand was announced once more, and
          // is being read.
          const isSame = early.get(device)?.get(userId) === what && !hasRelatedWithin(2_000, device.userId);
          if (isSame) fail(device, `is not told within 2 s: ${what}`);
        }
      }
    },

    /** What the client was told by and by is what it would be told at once. What the reading itself found to have run out has yet to be told. */
    async compareWithSnapshot(device: Device, from: Process | undefined): Promise<void> {
      if (device.socket === undefined || from === undefined) return;
      const early = await snapshotDifferences(device, from);
      if (early.length === 0) return;
      const late = await snapshotDifferences(device, from);
      for (const what of late.filter((each) => early.includes(each))) fail(device, what);
    },

    /** The store's truth is what leases say. */
    async lookAtLeases(): Promise<void> {
      const [from] = processes().filter((process) => process.hasStarted());
      if (from === undefined) return;
      const userIds = [...new Set(devices.map(({ userId }) => userId))];
      for (const state of (await time.until(from.store.read(userIds)))?.states ?? []) {
        const { userId, availability } = state;
        if (availability === 'OFFLINE' && liveness.sureFor(userId) > settledMs) faults.push(`${userId} is OFFLINE with a lease`);
        if (availability !== 'OFFLINE' && liveness.isImpossibleSince(userId, 2_000))
          faults.push(`${userId} is ${availability} without a lease`);
      }
    },
  };
}

/** Apart from the passing of time, and versions. */
function looksTheSame(a: PresenceView, b: PresenceView): boolean {
  return (
    a.availability === b.availability &&
    a.statusMessage === b.statusMessage &&
    a.devices === b.devices &&
    a.visibility === b.visibility &&
    JSON.stringify(a.activity) === JSON.stringify(b.activity)
  );
}

function show(view: PresenceView | undefined): string {
  if (view === undefined) return 'nothing';
  return `${view.userId} ${view.availability} ${view.statusMessage ?? ''} ${JSON.stringify(view.activity)} ${view.devices ?? ''}`;
}
