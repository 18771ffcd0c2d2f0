import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { accessTokenAlgorithm, accessTokenType, tokenAudience, tokenIssuer } from '../../../../shared/auth/access-token.js';
import { accessTokenLifetimeMs } from '../../../../shared/auth/revocations.js';
import type { Account } from '../../data/account-repository.js';
import type { RefreshFamily } from '../../data/refresh-family-repository.js';
import type { ActiveSigningKey } from './signing-keys.js';

export interface AccessToken {
  readonly token: string;
  readonly expiresAt: Date;
}

export interface AccessTokenIssuer {
  issue(bearer: { account: Account; family: Pick<RefreshFamily, 'id' | 'amr' | 'createdAt' | 'expiresAt'> }): Promise<AccessToken>;
}

/** Signs access tokens (RFC 9068) that live ten minutes, or less when their session ends before. */
export function createAccessTokenIssuer({
  signingKey,
  now = Date.now,
  newId = randomUUID,
}: {
  signingKey: () => ActiveSigningKey;
  now?: () => number;
  newId?: () => string;
}): AccessTokenIssuer {
  return {
    async issue({ account, family }) {
      const { kid, privateKey } = signingKey();
      const issuedAt = toSeconds(now());
      const expiresAt = Math.min(issuedAt + toSeconds(accessTokenLifetimeMs), toSeconds(family.expiresAt.getTime()));
      const token = await new SignJWT({
        sid: family.id,
        auth_time: toSeconds(family.createdAt.getTime()),
        amr: [...family.amr],
        roles: [...account.roles],
        username: account.username,
      })
        .setProtectedHeader({ alg: accessTokenAlgorithm, typ: accessTokenType, kid })
        .setIssuer(tokenIssuer)
        .setAudience(tokenAudience)
        .setSubject(account.id)
        .setJti(newId())
        .setIssuedAt(issuedAt)
        .setNotBefore(issuedAt)
        .setExpirationTime(expiresAt)
        .sign(privateKey);
      return { token, expiresAt: new Date(expiresAt * 1000) };
    },
  };
}

function toSeconds(ms: number): number {
  return Math.floor(ms / 1000);
}
