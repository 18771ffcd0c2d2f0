import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import type { DomainEvent } from './event-bus.js';

/** Why a session ended. */
const sessionEndReasons = [
  'LOGOUT',
  'ENDED',
  'TOKEN_REUSE',
  'EXPIRED',
  'PASSWORD_CHANGED',
  'DISABLED',
  'DELETED',
  'ENDED_BY_MODERATOR',
] as const;
export type SessionEndReason = (typeof sessionEndReasons)[number];

/** Every event that crosses from one subgraph to another, with the shape of its payload. Add fields, never change or remove one. */
export const domainEvents = {
  /** An account was created. Announced by auth. */
  'user.registered': z.object({
    userId: z.uuid(),
    username: z.string(),
    createdAt: z.iso.datetime(),
    /** The number that clients of the old services know the user by. */
    legacyId: z.int().optional(),
  }),
  /** An account has another username. Announced by auth. */
  'user.renamed': z.object({ userId: z.uuid(), username: z.string(), previousUsername: z.string() }),
  /** Nobody signs in to the account until it is enabled again; its sessions have ended. Announced by auth. */
  'user.disabled': z.object({ userId: z.uuid() }),
  'user.enabled': z.object({ userId: z.uuid() }),
  /** The account is gone for good: everyone who keeps something of the user erases it. Announced by auth, after the deletion. */
  'user.deleted': z.object({ userId: z.uuid(), legacyId: z.int() }),
  /** A user shows another picture, or none. Announced by images. */
  'avatar.changed': z.object({ userId: z.uuid(), avatarUrl: z.string().nullable() }),
  /** Somebody in charge has deleted another's picture. Announced by images; the key is the id of the owner. */
  'image.removed': z.object({
    imageId: z.uuid(),
    ownerId: z.uuid(),
    purpose: z.enum(['AVATAR', 'GALLERY']),
    /** Who did it, and in which session. */
    actorId: z.uuid(),
    sessionId: z.uuid(),
  }),
  /** Who may read a user's profile, and see their pictures. Announced by users; the key is the id of the user. */
  'profile.changed': z.object({ userId: z.uuid(), visibility: z.enum(['EVERYONE', 'FRIENDS', 'NOBODY']) }),
  /** How two users stand to each other, as far as privacy asks. Announced by users; the key is the lower of the two ids. */
  'relation.changed': z.object({
    userIds: z.tuple([z.uuid(), z.uuid()]),
    friends: z.boolean(),
    /** Ids of those of the two who block the other. */
    blockers: z.array(z.uuid()),
  }),
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
  /** The user has given the device of a session another name, or none. Announced by sessions. */
  'session.renamed': z.object({ sessionId: z.uuid(), userId: z.uuid(), device: z.string().nullable() }),
  /** A session ended for good. Announced by auth (logout, reuse of a refresh token) and by sessions (ended from the list). */
  'session.ended': z.object({
    sessionId: z.uuid(),
    userId: z.uuid(),
    endedAt: z.iso.datetime(),
    reason: z.enum(sessionEndReasons),
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
