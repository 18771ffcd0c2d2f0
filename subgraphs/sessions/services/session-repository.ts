import type { DomainEvent } from '../../../shared/events/event-bus.js';
import type { ObservedSession, Session, SessionObservation, SessionState } from './session.js';

/** Sessions live until they end or expire. Ids to find may be of any form. */
export interface SessionRepository {
  /**
   * Merges an observation into what is known: the result is the same in whatever order, and however often, observations come, but for uses
   * that are left out. A session that was marked as expired too early lives again.
   */
  merge(observation: SessionObservation): Promise<MergedSession>;
  /** The user's living sessions. */
  list(userId: string, now: Date): Promise<readonly Session[]>;
  /** Those that live and are the user's. */
  find(owner: SessionsOfUser, now: Date): Promise<readonly Session[]>;
  /** Those that are the user's, living or not. */
  findStates(owner: SessionsOfUser): Promise<readonly SessionState[]>;
  /** Changes a living session of the user's, and raises its version. */
  change(session: { readonly id: string; readonly userId: string }, change: SessionChange, now: Date): Promise<ChangedSession>;
}

export interface SessionsOfUser {
  readonly userId: string;
  readonly ids: readonly string[];
}

export interface MergedSession {
  /** Null when it was not known, or is somebody else's. What others write at the same time may be missing. */
  readonly before: ObservedSession | null;
  /** Null when nothing was written. */
  readonly after: ObservedSession | null;
}

/** What is left out (undefined) stays. */
export interface SessionChange {
  /** Text of a JSON value that Postgres can hold; null for none. */
  readonly data?: string | null | undefined;
  readonly device?: string | null | undefined;
  /** With another version, nothing is changed. */
  readonly expectedVersion?: number | undefined;
  /** The event that announces the change, if any: both are written or neither. */
  readonly toEvent?: ((session: Session) => DomainEvent) | undefined;
}

export type ChangedSession =
  | { readonly kind: 'Changed'; readonly session: Session; readonly hadData: boolean }
  | { readonly kind: 'Conflict'; readonly session: Session }
  | { readonly kind: 'NotFound' };
