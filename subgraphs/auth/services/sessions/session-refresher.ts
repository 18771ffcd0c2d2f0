import { createDomainEvent } from '../../../../shared/events/domain-events.js';
import type { RefreshFamilyRepository, StoredRefreshToken } from '../../data/refresh-family-repository.js';
import { visibleToOwner } from '../accounts/visible-user.js';
import type { AccessTokenIssuer } from '../keys/access-token-issuer.js';
import { isPossibleRefreshToken, type RefreshTokens } from './refresh-token.js';
import type { SessionEnder } from './session-ender.js';
import { hasEnded, idleEnd, sessionLifetime } from './session-lifetime.js';
import { toSessionView, type SignedIn } from './signed-in.js';

/** How long a used token gets its successor again: the answer may have been lost, or several tabs may have asked at once. */
export const retryGraceMs = 30_000;

export interface SessionRefresher {
  /**
   * Exchanges a refresh token for its successor and a new access token. A token is good once; for 30 seconds a retry gets the same
   * successor, and after that its reuse means that two parties have it: the session ends (RFC 9700, 4.14.2).
   */
  refresh(refreshToken: string): Promise<SignedIn | { readonly kind: 'InvalidRefreshToken' }>;
}

export interface SessionRefresherOptions {
  readonly families: RefreshFamilyRepository;
  readonly refreshTokens: RefreshTokens;
  readonly issuer: AccessTokenIssuer;
  readonly ender: SessionEnder;
  readonly wakeOutbox: () => void;
  readonly now?: () => number;
}

const invalid = { kind: 'InvalidRefreshToken' } as const;

export function createSessionRefresher({
  families,
  refreshTokens,
  issuer,
  ender,
  wakeOutbox,
  now = Date.now,
}: SessionRefresherOptions): SessionRefresher {
  function isGood({ family, account, createdAt }: StoredRefreshToken): boolean {
    if (account.disabledAt !== null) return false;
    // The newest token is as old as the last use of its session.
    return !hasEnded(family, now()) && now() - createdAt.getTime() < sessionLifetime.idleMs;
  }

  async function answer(token: StoredRefreshToken, refreshToken: string, lastUsedAt: Date): Promise<SignedIn> {
    const accessToken = await issuer.issue({ account: token.account, family: token.family });
    return {
      kind: 'SignedIn',
      user: visibleToOwner(token.account),
      session: toSessionView({ ...token.family, lastUsedAt }),
      accessToken: accessToken.token,
      refreshToken,
      expiresAt: accessToken.expiresAt,
    };
  }

  async function rotate(token: StoredRefreshToken, refreshToken: string): Promise<SignedIn | null> {
    const salt = refreshTokens.createSalt();
    const successor = refreshTokens.successorOf(refreshToken, salt);
    const at = new Date(now());
    const { id: sessionId, accountId: userId, expiresAt } = token.family;
    const refreshed = createDomainEvent('session.refreshed', {
      key: userId,
      now,
      payload: {
        sessionId,
        userId,
        refreshedAt: at.toISOString(),
        expiresAt: idleEnd({ lastUsedAt: at, expiresAt }).toISOString(),
      },
    });
    const isOurs = await families.rotate({ token, successor: { hash: refreshTokens.hash(successor), salt }, at, events: [refreshed] });
    if (!isOurs) return null;
    wakeOutbox();
    return answer(token, successor, at);
  }

  return {
    async refresh(refreshToken) {
      if (!isPossibleRefreshToken(refreshToken)) return invalid;
      const hash = refreshTokens.hash(refreshToken);
      let token = await families.findToken(hash);
      if (token === null) return invalid;
      if (token.used === null) {
        if (!isGood(token)) return invalid;
        const signedIn = await rotate(token, refreshToken);
        if (signedIn !== null) return signedIn;
        // Another request with the same token was faster, or the session ended meanwhile: see what it left.
        token = await families.findToken(hash);
      }
      if (token === null) return invalid;
      const { used, family } = token;
      if (used === null || token.account.disabledAt !== null || hasEnded(family, now())) return invalid;
      if (now() - used.at.getTime() <= retryGraceMs) {
        return answer(token, refreshTokens.successorOf(refreshToken, used.successorSalt), used.at);
      }
      await ender.end(family, 'TOKEN_REUSE');
      return invalid;
    },
  };
}
