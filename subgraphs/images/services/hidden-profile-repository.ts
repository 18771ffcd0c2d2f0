import type { DomainEventPayload } from '../../../shared/events/domain-events.js';

/** Whose pictures not everyone may see, as the users subgraph announces it. */
export interface HiddenProfileRepository {
  /** Has no effect for an event that was taken before, nor for one about a user who was erased since. */
  take(eventId: string, change: DomainEventPayload<'profile.changed'>): Promise<void>;
}
