import type { EndedSession } from '../../../shared/auth/revocations.js';
import type { DomainEvent } from '../../../shared/events/event-bus.js';
import type { EndReason, Session, SessionObservation } from './session.js';

/** Sessions live until they end or expire; all methods that read see the living ones only. Ids to find may be of any form. */
export interface SessionRepository {
  /** Merges an observation into what is known: the result is the same in whatever order, and however often, observations come. */
  merge(observation: SessionObservation): Promise<void>;
  list(userId: string, now: Date): Promise<readonly Session[]>;
  find(owner: { readonly userId: string; readonly ids: readonly string[] }, now: Date): Promise<readonly Session[]>;
  /** Ends a living session of the user and announces it with `event`, both or neither. False when there is no such session. */
  end(
    session: { readonly id: string; readonly userId: string },
    end: { readonly endedAt: Date; readonly reason: EndReason; readonly event: DomainEvent },
  ): Promise<boolean>;
  endedSince(since: Date): Promise<readonly EndedSession[]>;
}
