import { createDomainEvent } from '../../../../shared/events/domain-events.js';
import type { RefreshFamilyRepository, StoredRefreshToken } from '../../data/refresh-family-repository.js';
import { visibleToOwner } from '../accounts/visible-user.js';
import type { AccessTokenIssuer } from '../keys/access-token-issuer.js';
import type { Mailer } from '../mail/mailer.js';
import { isPossibleRefreshToken, type RefreshTokens } from './refresh-token.js';
import type { SessionEnder } from './session-ender.js';
import { hasEnded, idleEnd, sessionLifetime } from './session-lifetime.js';
import { toSessionView, type SignedIn } from './signed-in.js';

/** How long a used token gets its successor again: the answer may have been lost, or several tabs may have asked at once. */
export const retryGraceMs = 30_000;

/** Where a refresh token came from: a client's own store, or the cookie that no script can read. */
export type RefreshTokenPlace = 'client' | 'cookie';

export type RefreshOutcome = SignedIn | { readonly kind: 'InvalidRefreshToken' };

export interface SessionRefresher {
  /**
   * Exchanges a refresh token for its successor and a new access token. A token is good once; for 30 seconds a retry gets the same
   * successor, and after that its reuse means that two parties have it: the session ends (RFC 9700, 4.14.2). A token of a session that
   * was bound to a browser is good from its cookie alone, and one of any other session is not good from there.
   */
  refresh(refreshToken: string, from?: RefreshTokenPlace): Promise<RefreshOutcome>;
  /**
   * Binds the session to a browser, and exchanges the token for one that only goes into its cookie: the one that scripts have seen, and
   * what it could still be exchanged for, are good for nothing any more. A retry within the grace sets the same cookie again.
   */
  bindToBrowser(refreshToken: string): Promise<RefreshOutcome>;
}

export interface SessionRefresherOptions {
  readonly families: RefreshFamilyRepository;
  readonly refreshTokens: RefreshTokens;
  readonly issuer: AccessTokenIssuer;
  readonly sessionEnder: SessionEnder;
  readonly mailer: Pick<Mailer, 'rows' | 'wake'>;
  readonly wakeOutbox: () => void;
  readonly now?: () => number;
}

const invalid = { kind: 'InvalidRefreshToken' } as const;

export function createSessionRefresher({
  families,
  refreshTokens,
  issuer,
  sessionEnder,
  mailer,
  wakeOutbox,
  now = Date.now,
}: SessionRefresherOptions): SessionRefresher {
  function isGood({ family, account, createdAt }: StoredRefreshToken): boolean {
    if (account.disabledAt !== null) return false;
    // The newest token is as old as the last use of its session.
    return !hasEnded(family, now()) && now() - createdAt.getTime() < sessionLifetime.idleMs;
  }

  function answer(token: StoredRefreshToken, refreshToken: string, lastUsedAt: Date): SignedIn {
    const accessToken = issuer.issue({ account: token.account, family: token.family });
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

  async function refresh(refreshToken: string, from: RefreshTokenPlace): Promise<RefreshOutcome> {
    if (!isPossibleRefreshToken(refreshToken)) return invalid;
    const hash = refreshTokens.hash(refreshToken);
    const isInPlace = ({ family }: StoredRefreshToken) => family.isBrowser === (from === 'cookie');
    let token = await families.findToken(hash);
    if (token === null) return invalid;
    if (token.used === null) {
      if (!isGood(token) || !isInPlace(token)) return invalid;
      const signedIn = await rotate(token, refreshToken);
      if (signedIn !== null) return signedIn;
      // Another request with the same token was faster, or the session ended meanwhile: see what it left.
      token = await families.findToken(hash);
    }
    if (token === null) return invalid;
    const { used, family } = token;
    if (used === null || token.account.disabledAt !== null || hasEnded(family, now())) return invalid;
    if (now() - used.at.getTime() <= retryGraceMs) {
      return isInPlace(token) ? answer(token, refreshTokens.successorOf(refreshToken, used.successorSalt), used.at) : invalid;
    }
    await endForReuse(token);
    return invalid;
  }

  async function endForReuse({ family, account }: StoredRefreshToken): Promise<void> {
    const { email: to, username } = account;
    const mails = await mailer.rows('session-stolen', { to, username, device: family.device });
    await sessionEnder.end(family, 'TOKEN_REUSE', { mails });
    mailer.wake();
  }

  return {
    refresh: (refreshToken, from = 'client') => refresh(refreshToken, from),

    async bindToBrowser(refreshToken) {
      const token = isPossibleRefreshToken(refreshToken) ? await families.findToken(refreshTokens.hash(refreshToken)) : null;
      if (token === null) return invalid;
      await families.bindToBrowser(token.family.id);
      return refresh(refreshToken, 'cookie');
    },
  };
}
