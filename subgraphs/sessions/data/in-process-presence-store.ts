import { randomUUID } from 'node:crypto';
import { changesKeptMs, type Audience, type PresenceState } from '../presence/presence.js';
import { createScheduler, type Scheduler } from '../presence/scheduler.js';
import {
  absentUser,
  advance,
  isUnknownConnection,
  nextDeadline,
  type PresenceEvent,
  type UserPresence,
} from '../presence/user-presence.js';
import type { PresenceChange, PresenceMoment, PresenceStore } from '../services/presence/presence-store.js';
import { createDeadlines } from './deadlines.js';

/** Versions begin with the seconds since then, so that they do not go back when the process starts again. Enough until 2094. */
const versionsBegan = Date.UTC(2026, 0, 1);

export interface InProcessPresenceStoreOptions {
  readonly scheduler?: Scheduler;
  readonly createEpoch?: () => string;
}

interface LoggedChange {
  readonly at: number;
  readonly position: number;
  /** The position of the last change that each audience saw, for those who saw one. */
  readonly positions: Partial<Readonly<Record<Audience, number>>>;
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
  const listeners = new Set<(change: PresenceChange) => void>();
  /** The last change of each user, oldest first: a user who changes again moves to the end. */
  const log = new Map<string, LoggedChange>();
  let position = 0;
  /** Changes up to this position may be missing in the log. */
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
    if (changedFor.length > 0) announce(user.state, changedFor, now);
    return user.state;
  }

  function announce(state: PresenceState, changedFor: readonly Audience[], now: number): void {
    position += 1;
    const positions = { ...log.get(state.userId)?.positions };
    for (const audience of changedFor) positions[audience] = position;
    log.delete(state.userId);
    log.set(state.userId, { at: now, position, positions });
    forgetOldChanges();
    for (const listener of listeners) listener({ position, state, changedFor });
  }

  function forgetOldChanges(): void {
    for (const [userId, change] of log) {
      if (change.at >= scheduler.now() - changesKeptMs) return;
      log.delete(userId);
      forgottenThrough = change.position;
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
    return { epoch, position };
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
    read: (userIds) =>
      settle(() => {
        sweep();
        return { moment: moment(), states: userIds.map(stateOf) };
      }),
    readChanges: (audiences, since) =>
      settle(() => {
        sweep();
        forgetOldChanges();
        if (since.epoch !== epoch || since.position > position) return { kind: 'UnknownEpoch' };
        if (since.position < forgottenThrough) return { kind: 'TooOld' };
        const changed = [...audiences].filter(([userId, audience]) => (log.get(userId)?.positions[audience] ?? 0) > since.position);
        return { kind: 'Changes', moment: moment(), states: changed.map(([userId]) => stateOf(userId)) };
      }),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
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
