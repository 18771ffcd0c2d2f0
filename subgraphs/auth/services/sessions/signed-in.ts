import type { RefreshFamily } from '../../data/refresh-family-repository.js';
import type { VisibleUser } from '../accounts/visible-user.js';
import { idleEnd } from './session-lifetime.js';

/** The session as its owner sees it in the answer that hands out its tokens. */
export interface SessionView {
  readonly id: string;
  readonly userId: string;
  readonly device: string | null;
  readonly startedAt: Date;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
}

/** A session with fresh tokens. */
export interface SignedIn {
  readonly kind: 'SignedIn';
  /** As seen by its owner: who holds these tokens is this person, though the request itself was anonymous. */
  readonly user: VisibleUser;
  readonly session: SessionView;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** When the access token expires. */
  readonly expiresAt: Date;
}

export function toSessionView(
  family: Pick<RefreshFamily, 'id' | 'accountId' | 'device' | 'createdAt' | 'lastUsedAt' | 'expiresAt'>,
): SessionView {
  return {
    id: family.id,
    userId: family.accountId,
    device: family.device,
    startedAt: family.createdAt,
    lastSeenAt: family.lastUsedAt,
    expiresAt: idleEnd(family),
  };
}
