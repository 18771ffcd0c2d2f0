import { randomUUID } from 'node:crypto';
import { changesKeptMs, versionsBegan, type Audience, type PresenceState } from '../presence/presence.js';
import { createScheduler, type Scheduler } from '../presence/scheduler.js';
import {
  absentUser,
  advance,
  isUnknownConnection,
  nextDeadline,
  withRenewedVersions,
  type PresenceEvent,
  type UserPresence,
} from '../presence/user-presence.js';
import type { PresenceListener, PresenceMoment, PresencePosition, PresenceStore } from '../services/presence/presence-store.js';
import { createDeadlines } from './deadlines.js';
import { createInputMemory } from './input-memory.js';

export interface InProcessPresenceStoreOptions {
  readonly scheduler?: Scheduler;
  readonly createEpoch?: () => string;
}

/** All users are in one shard. */
const shard = 0;

interface LoggedChange {
  readonly at: number;
  readonly offset: number;
  /** The offset of the last change that each audience saw, for those who saw one. */
  readonly offsets: Partial<Readonly<Record<Audience, number>>>;
}

/**
 * The presence store of a single process: everything in memory, nothing survives it. Users are kept when they go offline (some hundred
 * bytes each), because their versions must not go back.
 */
export function createInProcessPresenceStore(options: InProcessPresenceStoreOptions = {}): PresenceStore {
  const { scheduler = createScheduler(), createEpoch = randomUUID } = options;
  const epoch = createEpoch();
  const firstVersion = Math.max(1, Math.floor((scheduler.now() - versionsBegan) / 1000));
  const users = new Map<string, UserPresence>();
  const deadlines = createDeadlines();
  const listeners = new Set<PresenceListener>();
  const inputs = createInputMemory();
  /** The last change of each user, oldest first: a user who changes again moves to the end. */
  const log = new Map<string, LoggedChange>();
  let offset = 0;
  /** Changes up to this offset may be missing in the log. */
  let forgottenThrough = 0;
  let isClosed = false;
  let timer: { readonly at: number; readonly cancel: () => void } | undefined;

  function apply(userId: string, event: PresenceEvent): PresenceState {
    const now = scheduler.now();
    const before = users.get(userId) ?? absentUser(userId, firstVersion);
    const { user, changedFor } = advance(before, event, now);
    // Who is unknown stays unknown by what changes nothing: sessions of users who are offline end every day.
    if (users.has(userId) || user.sessions.size > 0 || user.state.settings !== null) users.set(userId, user);
    const deadline = nextDeadline(user, now);
    if (deadline !== null) {
      deadlines.set(userId, deadline);
      arm();
    }
    if (changedFor.length > 0) tell(user.state, changedFor, now);
    return user.state;
  }

  function tell(state: PresenceState, changedFor: readonly Audience[], now: number): void {
    const position = nextPosition();
    const offsets = { ...log.get(state.userId)?.offsets };
    for (const audience of changedFor) offsets[audience] = offset;
    log.delete(state.userId);
    log.set(state.userId, { at: now, offset, offsets });
    forgetOldChanges();
    for (const listener of listeners) listener.onChange?.({ position, state, changedFor, madeHere: true });
  }

  function nextPosition(): PresencePosition {
    offset += 1;
    return { shard, offset };
  }

  function forgetOldChanges(): void {
    for (const [userId, change] of log) {
      if (change.at >= scheduler.now() - changesKeptMs) return;
      log.delete(userId);
      forgottenThrough = change.offset;
    }
  }

  /** One timer, for whoever falls due first. */
  function arm(): void {
    const next = deadlines.next();
    if (isClosed || next === null || (timer !== undefined && timer.at <= next)) return;
    timer?.cancel();
    timer = { at: next, cancel: scheduler.after(next - scheduler.now(), onTimer) };
  }

  function onTimer(): void {
    timer = undefined;
    sweep();
    arm();
  }

  function sweep(): void {
    for (let userId = deadlines.takeDue(scheduler.now()); userId !== undefined; userId = deadlines.takeDue(scheduler.now())) {
      apply(userId, { kind: 'Sweep' });
    }
  }

  function stateOf(userId: string): PresenceState {
    return (users.get(userId) ?? absentUser(userId, firstVersion)).state;
  }

  function moment(): PresenceMoment {
    return { epoch, offsets: new Map([[shard, offset]]) };
  }

  return {
    connect: ({ userId, sessionId, connectionId }, settings) =>
      settle(() => apply(userId, { kind: 'Connect', sessionId, connectionId, settings })),
    renew: (keys) =>
      settle(() =>
        keys.filter(({ userId, sessionId, connectionId }) => {
          if (isUnknownConnection(users.get(userId), sessionId, connectionId, scheduler.now())) return true;
          apply(userId, { kind: 'Renew', sessionId, connectionId });
          return false;
        }),
      ),
    leave: ({ userId, sessionId, connectionId }, graceMs) =>
      settle(() => {
        apply(userId, { kind: 'Leave', sessionId, connectionId, graceMs });
      }),
    endSession: ({ userId, sessionId }) => settle(() => apply(userId, { kind: 'EndSession', sessionId })),
    update: ({ userId, sessionId }, update) => settle(() => apply(userId, { kind: 'Update', sessionId, ...update })),
    takeInput: (session, fields, most) => settle(() => inputs.take(session, fields, { now: scheduler.now(), most })),
    read: (userIds) =>
      settle(() => {
        sweep();
        return { moment: moment(), states: userIds.map(stateOf) };
      }),
    readChanges: (audiences, since) =>
      settle(() => {
        sweep();
        forgetOldChanges();
        const sinceOffset = since.offsets.get(shard) ?? 0;
        if (since.epoch !== epoch || sinceOffset > offset) return { kind: 'UnknownEpoch' };
        if (!since.offsets.has(shard)) return { kind: 'Changes', moment: moment(), states: [...audiences.keys()].map(stateOf) };
        if (sinceOffset < forgottenThrough) return { kind: 'TooOld' };
        const changed = [...audiences].filter(([userId, audience]) => (log.get(userId)?.offsets[audience] ?? 0) > sinceOffset);
        return { kind: 'Changes', moment: moment(), states: changed.map(([userId]) => stateOf(userId)) };
      }),
    renewVersions: (userIds) =>
      settle(() => {
        for (const userId of userIds) {
          const user = users.get(userId);
          if (user !== undefined) users.set(userId, withRenewedVersions(user));
        }
      }),
    shardOf: () => shard,
    heard: moment,
    announce: (notice) =>
      settle(() => {
        const position = nextPosition();
        for (const listener of listeners) listener.onNotice?.(notice, position);
      }),
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ping: () => Promise.resolve(),
    close: () =>
      settle(() => {
        timer?.cancel();
        isClosed = true;
        listeners.clear();
      }),
  };
}

/** For the contract's sake: a throw becomes a rejection, as it would be from a store far away. */
function settle<Result>(work: () => Result): Promise<Result> {
  return new Promise((resolve) => {
    resolve(work());
  });
}
