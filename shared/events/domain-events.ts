import { z } from 'zod';

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
