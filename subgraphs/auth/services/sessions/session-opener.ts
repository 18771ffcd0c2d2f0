import { v7 as uuidv7 } from 'uuid';
import { createDomainEvent } from '../../../../shared/events/domain-events.js';
import type { DomainEvent } from '../../../../shared/events/event-bus.js';
import type { Account } from '../../data/account-repository.js';
import type { NewRefreshFamily } from '../../data/refresh-family-repository.js';
import { visibleToOwner } from '../accounts/visible-user.js';
import type { AccessTokenIssuer } from '../keys/access-token-issuer.js';
import type { RefreshTokens } from './refresh-token.js';
import { sessionLifetime } from './session-lifetime.js';
import { toSessionView, type SignedIn } from './signed-in.js';

/** A session that is yet to be stored, with the event that announces it and the answer for its owner. */
export interface OpenedSession {
  readonly family: NewRefreshFamily;
  readonly started: DomainEvent;
  readonly signedIn: SignedIn;
}

export interface SessionOpener {
  /** Always a new session id (SECURITY 26). Stores nothing: the caller does, with whatever else must be stored along with it. */
  open(account: Account, device: string | null, amr: readonly string[]): OpenedSession;
}

export function createSessionOpener({
  issuer,
  refreshTokens,
  now = Date.now,
  newId = uuidv7,
}: {
  issuer: AccessTokenIssuer;
  refreshTokens: RefreshTokens;
  now?: () => number;
  newId?: () => string;
}): SessionOpener {
  return {
    open(account, device, amr) {
      const createdAt = new Date(now());
      const refreshToken = refreshTokens.create();
      const family: NewRefreshFamily = {
        id: newId(),
        accountId: account.id,
        device,
        amr,
        createdAt,
        expiresAt: new Date(createdAt.getTime() + sessionLifetime.absoluteMs),
        tokenHash: refreshTokens.hash(refreshToken),
      };
      const session = toSessionView({ ...family, lastUsedAt: createdAt });
      const started = createDomainEvent('session.started', {
        key: account.id,
        now,
        payload: {
          sessionId: session.id,
          userId: account.id,
          device,
          startedAt: createdAt.toISOString(),
          expiresAt: session.expiresAt.toISOString(),
        },
      });
      const accessToken = issuer.issue({ account, family });
      return {
        family,
        started,
        signedIn: {
          kind: 'SignedIn',
          user: visibleToOwner(account),
          session,
          accessToken: accessToken.token,
          refreshToken,
          expiresAt: accessToken.expiresAt,
        },
      };
    },
  };
}
