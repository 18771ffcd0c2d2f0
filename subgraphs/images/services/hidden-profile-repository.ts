import type { DomainEventPayload } from '../../../shared/events/domain-events.js';

/** Whose pictures not everyone may see, as the users subgraph announces it. */
export interface HiddenProfileRepository {
  /** Those of `userIds` (of any form) whose pictures not everyone may see. */
  among(userIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Has no effect for an event that was taken before, nor for one about a user who was erased since. */
  take(eventId: string, change: DomainEventPayload<'profile.changed'>): Promise<void>;
}
