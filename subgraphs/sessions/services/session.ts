import type { SessionEndReason } from '../../../shared/events/domain-events.js';
/** One sign-in on one device. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  /** Name of the device; null when nobody told. */
  readonly device: string | null;
  readonly startedAt: Date;
  /** To about a minute. */
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
}

export type EndReason = SessionEndReason;

/** What was learned about a session, from an event or from a token of it. May come twice, late, and in any order. */
export type SessionObservation = { readonly id: string; readonly userId: string } & (
  | { readonly kind: 'Started'; readonly device: string | null; readonly startedAt: Date; readonly expiresAt: Date }
  | { readonly kind: 'Refreshed'; readonly seenAt: Date; readonly expiresAt: Date }
  /** A verified token was used; it tells when the user signed in, and that the session lives at least as long as the token. */
  | { readonly kind: 'Seen'; readonly seenAt: Date; readonly startedAt: Date; readonly expiresAt: Date }
  | { readonly kind: 'Ended'; readonly endedAt: Date; readonly reason: EndReason }
);
