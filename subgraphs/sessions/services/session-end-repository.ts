import type { EndedSession } from '../../../shared/auth/revocations.js';
import type { DomainEvent } from '../../../shared/events/event-bus.js';
import type { EndReason } from './session.js';

/** A session and whose it is. */
export interface SessionKey {
  readonly sessionId: string;
  readonly userId: string;
}

export interface SessionEnding {
  readonly endedAt: Date;
  readonly reason: EndReason;
  /** The event that announces the end of one. */
  readonly toEvent: (session: SessionKey) => DomainEvent;
}

/** Ends sessions. Whoever ends living ones announces them, both or neither, and everything that follows is done after the commit. */
export interface SessionEndRepository {
  /** False when the user has no such living session. */
  end(session: SessionKey, ending: SessionEnding): Promise<boolean>;
  /** Ends the user's living sessions but this one, which must live itself: null when it does not. Of two that end each other one wins. */
  endOthers(session: SessionKey, ending: SessionEnding): Promise<readonly SessionKey[] | null>;
  /** Those that were ended by somebody at or after `since`. */
  endedSince(since: Date): Promise<readonly EndedSession[]>;
  /** Marks living sessions that have expired by `now` as ended, `limit` at the most, each in one process alone. */
  expire(batch: { readonly now: Date; readonly limit: number }): Promise<readonly SessionKey[]>;
  /** Forgets sessions that ended before `endedBefore`, `limit` at the most. Returns how many. */
  removeEnded(batch: { readonly endedBefore: Date; readonly limit: number }): Promise<number>;
}
