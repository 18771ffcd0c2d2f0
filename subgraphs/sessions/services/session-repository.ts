import type { Session, SessionObservation, SessionState } from './session.js';

/** Sessions live until they end or expire. Ids to find may be of any form. */
export interface SessionRepository {
  /**
   * Merges an observation into what is known: the result is the same in whatever order, and however often, observations come; only uses
   * within a minute of another are left out. Whoever was marked as expired too early lives again.
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
  /** Whether there is something new that the user's other devices should hear of. May be true without need. */
  readonly isNews: boolean;
  /** As it is written now; null when the session is somebody else's. */
  readonly lastSeenAt: Date | null;
}

/** What is left out (undefined) stays. */
export interface SessionChange {
  /** Text of a JSON value that Postgres can hold; null for none. */
  readonly data?: string | null | undefined;
  readonly device?: string | null | undefined;
  /** With another version, nothing is changed. */
  readonly expectedVersion?: number | undefined;
}

export type ChangedSession =
  | { readonly kind: 'Changed'; readonly session: Session; readonly hadData: boolean }
  | { readonly kind: 'Conflict'; readonly session: Session }
  | { readonly kind: 'NotFound' };
