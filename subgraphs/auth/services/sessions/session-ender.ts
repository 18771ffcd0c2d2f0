import type { Viewer } from '../../../../shared/auth/viewer.js';
import type { Revocations } from '../../../../shared/auth/revocations.js';
import { unauthenticated } from '../../../../shared/errors/app-error.js';
import { createDomainEvent } from '../../../../shared/events/domain-events.js';
import type { TypedDomainEvent } from '../../../../shared/events/domain-events.js';
import type { EndReason, RefreshFamily, RefreshFamilyRepository } from '../../data/refresh-family-repository.js';
import { toAuditRow, type AuditRow } from '../audit/audit-log.js';
import type { MailRow } from '../mail/mailer.js';
import { isPossibleRefreshToken, type RefreshTokens } from './refresh-token.js';
import { hasEnded } from './session-lifetime.js';

export type LogoutOutcome = { readonly kind: 'LoggedOut'; readonly sessionId: string } | { readonly kind: 'InvalidRefreshToken' };

export interface SessionEnder {
  /** Revokes the tokens of a session, announces it, and stops its access tokens at once in this process. Harmless when repeated. */
  end(family: Pick<RefreshFamily, 'id' | 'accountId'>, reason: EndReason, along?: { readonly mails: readonly MailRow[] }): Promise<void>;
  /** Call it after the commit of a transaction that ended sessions at `at` (`revokeAllFamilies`): their access tokens stop at once. */
  haveEnded(sessionIds: readonly string[], at: Date): void;
  /** Ends the session of `refreshToken`, else the viewer's own. Throws an `UNAUTHENTICATED` `AppError` when there is neither. */
  logout(viewer: Viewer | null, refreshToken: string | null): Promise<LogoutOutcome>;
  /** Follows the end of a session that was announced, by this subgraph or another. */
  follow(event: TypedDomainEvent<'session.ended'>): Promise<void>;
}

export interface SessionEnderOptions {
  readonly families: RefreshFamilyRepository;
  readonly refreshTokens: RefreshTokens;
  readonly revocations: Revocations;
  readonly wakeOutbox: () => void;
  readonly now?: () => number;
}

export function createSessionEnder({
  families,
  refreshTokens,
  revocations,
  wakeOutbox,
  now = Date.now,
}: SessionEnderOptions): SessionEnder {
  const end: SessionEnder['end'] = async ({ id: sessionId, accountId: userId }, reason, { mails } = { mails: [] }) => {
    const at = new Date(now());
    const ended = createDomainEvent('session.ended', {
      key: userId,
      now,
      payload: { sessionId, userId, endedAt: at.toISOString(), reason },
    });
    const audit = auditOf({ sessionId, userId, reason });
    await families.revoke({ familyId: sessionId, at, reason, events: [ended], audit, mails });
    // Also when someone else ended it: access tokens that this process still takes must stop as well.
    revocations.revoke({ sessionId, endedAt: at.getTime() });
    wakeOutbox();
  };

  /** What ends all sessions of an account is told by its own event. */
  function auditOf({ sessionId, userId, reason }: { sessionId: string; userId: string; reason: EndReason }): readonly AuditRow[] {
    const who = { accountId: userId, sessionId };
    switch (reason) {
      case 'LOGOUT':
        return [toAuditRow({ action: 'LOGGED_OUT', actorId: userId, ...who }, now)];
      case 'ENDED':
        return [toAuditRow({ action: 'SESSION_ENDED', actorId: userId, ...who }, now)];
      case 'TOKEN_REUSE':
        return [toAuditRow({ action: 'REFRESH_TOKEN_REUSED', ...who }, now)];
      case 'EXPIRED':
      case 'PASSWORD_CHANGED':
      case 'DISABLED':
      case 'DELETED':
      case 'ENDED_BY_MODERATOR':
        return [];
    }
  }

  function haveEnded(sessionIds: readonly string[], at: Date): void {
    for (const sessionId of sessionIds) revocations.revoke({ sessionId, endedAt: at.getTime() });
    wakeOutbox();
  }

  return {
    end,
    haveEnded,

    async logout(viewer, refreshToken) {
      if (refreshToken === null) {
        if (viewer === null) throw unauthenticated();
        await end({ id: viewer.sessionId, accountId: viewer.userId }, 'LOGOUT');
        return { kind: 'LoggedOut', sessionId: viewer.sessionId };
      }
      const token = isPossibleRefreshToken(refreshToken) ? await families.findToken(refreshTokens.hash(refreshToken)) : null;
      if (token === null || hasEnded(token.family, now())) return { kind: 'InvalidRefreshToken' };
      await end(token.family, 'LOGOUT');
      return { kind: 'LoggedOut', sessionId: token.family.id };
    },

    async follow({ id: eventId, payload: { sessionId, userId, endedAt, reason } }) {
      const at = new Date(endedAt);
      await families.takeEnd({ eventId, familyId: sessionId, at, reason, audit: auditOf({ sessionId, userId, reason }) });
      revocations.revoke({ sessionId, endedAt: at.getTime() });
    },
  };
}
