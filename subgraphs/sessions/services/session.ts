import type { SessionEndReason } from '../../../shared/events/domain-events.js';

/** `lastSeenAt` is written at most this often per session, by however many processes, in ms. */
export const seenIntervalMs = 60_000;

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
  /** The application's own: any JSON, null when there is none. */
  readonly data: unknown;
  /** Grows with every change of `data` or `device` by the user. */
  readonly version: number;
}

export type EndReason = SessionEndReason;

/** A session, living or not. */
export type SessionState = Session & {
  /** Null for one that was not ended; it may have expired all the same. */
  readonly endReason: EndReason | null;
};

/** What was learned about a session, from an event or from a token of it. May come twice, late, and in any order. */
export type SessionObservation = { readonly id: string; readonly userId: string } & (
  | { readonly kind: 'Started'; readonly device: string | null; readonly startedAt: Date; readonly expiresAt: Date }
  | { readonly kind: 'Refreshed'; readonly seenAt: Date; readonly expiresAt: Date }
  /**
   * A verified token was used; it tells when the user signed in, and that the session lives at least as long as the token. Left out when
   * another use is known since `notSince`.
   */
  | { readonly kind: 'Seen'; readonly seenAt: Date; readonly notSince: Date; readonly startedAt: Date; readonly expiresAt: Date }
  | { readonly kind: 'Ended'; readonly endedAt: Date; readonly reason: EndReason }
);

/** What the user's devices know of a session. */
export type KnownSession = Pick<Session, 'device' | 'version' | 'expiresAt'>;

/** What an observation can change of a session. */
export type ObservedSession = KnownSession & { readonly lastSeenAt: Date; readonly isEnded: boolean };

const dayMs = 86_400_000;

/** Whether the user's devices hear of what an observation has changed, of a session that was not known before (null), or not at all (null). */
export function isNews(before: ObservedSession | null, after: ObservedSession | null): boolean {
  return after !== null && (before?.isEnded !== after.isEnded || hasNews(before, after));
}

/**
 * Whether the user's devices hear of the difference. Sessions in use are refreshed every few minutes, which moves their expiry by as
 * much: only another day (in UTC) is news.
 */
export function hasNews(before: KnownSession, after: KnownSession): boolean {
  const day = ({ expiresAt }: KnownSession): number => Math.floor(expiresAt.getTime() / dayMs);
  return before.device !== after.device || before.version !== after.version || day(before) !== day(after);
}
