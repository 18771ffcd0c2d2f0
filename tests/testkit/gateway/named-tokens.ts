import type { AccessTokenVerifier } from '../../../shared/auth/access-token.js';
import { unauthenticated } from '../../../shared/errors/app-error.js';

/** Tokens that are the name of a user. `bad` is refused, and `short` expires after 400 ms. */
export const namedTokens: AccessTokenVerifier = {
  verify(authorization) {
    if (authorization === undefined) return Promise.resolve(null);
    const [, userId] = authorization.split(' ');
    if (userId === undefined || userId === 'bad') return Promise.reject(unauthenticated());
    const expiresAt = Date.now() + (userId === 'short' ? 400 : 600_000);
    return Promise.resolve({ userId, username: userId, sessionId: userId, roles: [], authenticatedAt: 0, expiresAt });
  },
};
