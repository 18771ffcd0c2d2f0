import type { Logger } from '../../../shared/logging/logger.js';
import type { Scheduler } from '../presence/scheduler.js';
import { createPullIterator } from './pull-iterator.js';
import { hasNews, type EndReason, type KnownSession, type Session, type SessionState } from './session.js';

/** What happened to somebody's own sessions. */
export type SessionEvent =
  /** All that live: what was told before is worth nothing. */
  | { readonly kind: 'Snapshot'; readonly sessions: readonly Session[] }
  | { readonly kind: 'Started'; readonly session: Session }
  | { readonly kind: 'Updated'; readonly session: Session }
  | { readonly kind: 'Ended'; readonly sessionId: string; readonly reason: EndReason };

/** So many sessions may wait to be read again; for more of them, all are told anew. */
const waitingLimit = 500;
/** After the database could not be read, in ms. */
const retryMs = 1_000;

export interface SessionSubscription {
  readonly events: AsyncIterableIterator<SessionEvent>;
  readonly end: () => void;
}

export interface SessionFollower {
  /** Something about the session has changed, and can be read. */
  readonly onChanged: (sessionId: string) => void;
  /** Something may have been missed. */
  readonly onLost: () => void;
}

export interface SessionSubscriptionOptions {
  /** Returns a function that stops it. */
  readonly follow: (follower: SessionFollower) => () => void;
  /** All living sessions, in the order in which they are told. */
  readonly readAll: () => Promise<readonly Session[]>;
  /** These sessions, living or not, but none that were erased. */
  readonly read: (ids: readonly string[]) => Promise<readonly SessionState[]>;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  /** Called once, when the subscription has ended for whatever reason. */
  readonly onEnd: () => void;
}

/**
 * Tells what happens to somebody's sessions without missing anything, and nothing twice: it follows first and reads then, and each thing
 * that is heard of later is only a reason to read that session again, and to tell how it differs from what was told. While a client takes
 * nothing, at most one reading waits for it, and the ids of those to read after that.
 */
export async function openSessionSubscription(options: SessionSubscriptionOptions): Promise<SessionSubscription> {
  const { follow, readAll, read, scheduler, logger, onEnd } = options;
  const told = new Map<string, KnownSession>();
  const toRead = new Set<string>();
  let events: SessionEvent[] = [];
  let mustReadAll = false;
  /** A reading is under way, or waits for its next try. */
  let isReading = true;
  let hasEnded = false;
  let cancelRetry = (): void => undefined;

  const unfollow = follow({
    onChanged(sessionId) {
      if (mustReadAll) return;
      if (toRead.size < waitingLimit) toRead.add(sessionId);
      else startAnew();
      readOn();
    },
    onLost() {
      startAnew();
      readOn();
    },
  });

  const pull = createPullIterator<SessionEvent>({
    take() {
      const event = events.shift();
      readOn();
      return event;
    },
    onEnd() {
      hasEnded = true;
      unfollow();
      cancelRetry();
      events = [];
      onEnd();
    },
  });

  function startAnew(): void {
    mustReadAll = true;
    toRead.clear();
    // Nobody needs to hear what is told anew right after it.
    events = [];
  }

  /** Reads what is due, unless the client has not taken all of what was read before. */
  function readOn(): void {
    if (isReading || hasEnded || events.length > 0 || (!mustReadAll && toRead.size === 0)) return;
    isReading = true;
    void readDue().then(
      () => {
        isReading = false;
        pull.wake();
      },
      (error: unknown) => {
        logger.warn({ err: error }, 'sessions could not be read for a subscription; trying again in a second');
        if (hasEnded) return;
        cancelRetry = scheduler.after(retryMs, () => {
          isReading = false;
          readOn();
        });
      },
    );
  }

  async function readDue(): Promise<void> {
    const ids = [...toRead];
    const isAll = mustReadAll;
    mustReadAll = false;
    toRead.clear();
    try {
      if (isAll) tellAll(await readAll());
      else tell(ids, await read(ids));
    } catch (error) {
      mustReadAll ||= isAll;
      if (!mustReadAll) for (const id of ids) toRead.add(id);
      throw error;
    }
  }

  function tellAll(sessions: readonly Session[]): void {
    told.clear();
    for (const session of sessions) told.set(session.id, toKnown(session));
    events.push({ kind: 'Snapshot', sessions });
  }

  function tell(ids: readonly string[], states: readonly SessionState[]): void {
    const byId = new Map(states.map((state) => [state.id, state]));
    for (const id of ids) {
      const event = eventOf(id, byId.get(id));
      if (event === undefined) continue;
      if (event.kind === 'Ended') told.delete(id);
      else told.set(id, toKnown(event.session));
      events.push(event);
    }
  }

  function eventOf(sessionId: string, state: SessionState | undefined): Exclude<SessionEvent, { kind: 'Snapshot' }> | undefined {
    const before = told.get(sessionId);
    // Erased with its user.
    if (state === undefined) return before && { kind: 'Ended', sessionId, reason: 'DELETED' };
    const { endReason, ...session } = state;
    const reason = endReason ?? (session.expiresAt.getTime() <= scheduler.now() ? 'EXPIRED' : null);
    if (reason !== null) return before && { kind: 'Ended', sessionId, reason };
    if (before === undefined) return { kind: 'Started', session };
    return hasNews(before, session) ? { kind: 'Updated', session } : undefined;
  }

  try {
    tellAll(await readAll());
  } catch (error) {
    pull.end();
    throw error;
  }
  isReading = false;
  return { events: pull.iterator, end: () => pull.end() };
}

/** Without the data, which can be large. */
function toKnown({ device, version, expiresAt }: Session): KnownSession {
  return { device, version, expiresAt };
}
