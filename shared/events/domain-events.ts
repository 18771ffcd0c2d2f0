import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import type { DomainEvent } from './event-bus.js';

/** Every event that crosses from one subgraph to another, with the shape of its payload. Add fields, never change or remove one. */
export const domainEvents = {
  /** An account was created. Announced by auth. */
  'user.registered': z.object({ userId: z.uuid(), username: z.string(), createdAt: z.iso.datetime() }),
  /** Someone signed in. Announced by auth. */
  'session.started': z.object({
    sessionId: z.uuid(),
    userId: z.uuid(),
    device: z.string().nullable(),
    startedAt: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
  }),
  /** A session got new tokens. Announced by auth. */
  'session.refreshed': z.object({ sessionId: z.uuid(), userId: z.uuid(), refreshedAt: z.iso.datetime(), expiresAt: z.iso.datetime() }),
  /** A session ended for good. Announced by auth (logout, reuse of a refresh token) and by sessions (ended from the list). */
  'session.ended': z.object({
    sessionId: z.uuid(),
    userId: z.uuid(),
    endedAt: z.iso.datetime(),
    reason: z.enum(['LOGOUT', 'ENDED', 'TOKEN_REUSE', 'EXPIRED']),
  }),
} as const;

export type DomainEventType = keyof typeof domainEvents;
export type DomainEventPayload<Type extends DomainEventType> = z.output<(typeof domainEvents)[Type]>;
/** An event of the catalogue with its payload. */
export type TypedDomainEvent<Type extends DomainEventType> = DomainEvent<Type, DomainEventPayload<Type>>;

export interface NewDomainEvent<Type extends DomainEventType> {
  /** Id of the user that the change is about: events of equal key stay in order. */
  readonly key: string;
  readonly payload: DomainEventPayload<Type>;
  /** When it happened, in ms since the epoch. */
  readonly now?: () => number;
  readonly id?: () => string;
}

/** An event that happens now. Throws a `ZodError` when the payload is not of the type's shape: a fault of the announcer. */
export function createDomainEvent<Type extends DomainEventType>(
  type: Type,
  { key, payload, now = Date.now, id = uuidv7 }: NewDomainEvent<Type>,
): TypedDomainEvent<Type> {
  domainEvents[type].parse(payload);
  return { id: id(), type, key, occurredAt: new Date(now()).toISOString(), payload };
}
