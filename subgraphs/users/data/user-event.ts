import { z } from 'zod';
import type { DomainEvent } from '../../../shared/events/event-bus.js';

/**
 * What readers of the Redis stream `user.events` are told, as it waits in the outbox. Beside the events of the catalogue and not among
 * them: nobody of ours takes it.
 */
export type UserEvent =
  | { readonly type: 'USER_CREATED'; readonly legacyId: number; readonly username: string }
  | { readonly type: 'USER_UPDATED'; readonly legacyId: number; readonly username: string; readonly avatar: string | null }
  | { readonly type: 'USER_DELETED'; readonly legacyId: number };

/** The `DomainEvent.type` of a user event in the outbox. */
export const userEventType = 'legacy.user';

const legacyId = z.int();
const username = z.string();
const userEvent: z.ZodType<UserEvent> = z.discriminatedUnion('type', [
  z.object({ type: z.literal('USER_CREATED'), legacyId, username }),
  z.object({ type: z.literal('USER_UPDATED'), legacyId, username, avatar: z.string().nullable() }),
  z.object({ type: z.literal('USER_DELETED'), legacyId }),
]);

/** The announcement of `event`. Its id is that of the event of ours that it follows from, so that one change is announced once. */
export function toUserEventAnnouncement(
  event: UserEvent,
  cause: { readonly eventId: string; readonly userId: string; readonly occurredAt: string },
): DomainEvent {
  return { id: cause.eventId, type: userEventType, key: cause.userId, occurredAt: cause.occurredAt, payload: event };
}

/**
 * The JSON that readers of the old services parse: `id` is a number, `timestamp` in ms since the epoch. `userId` and `eventId` are ours.
 * Throws for an announcement of another shape: a fault of the announcer.
 */
export function toUserEventJson(announcement: DomainEvent): string {
  const { type, legacyId: id, ...fields } = userEvent.parse(announcement.payload);
  return JSON.stringify({
    type,
    id,
    ...fields,
    timestamp: Date.parse(announcement.occurredAt),
    userId: announcement.key,
    eventId: announcement.id,
  });
}
