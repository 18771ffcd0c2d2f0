import { KeyObject, randomUUID, sign } from 'node:crypto';
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
  issue(bearer: { account: Account; family: Pick<RefreshFamily, 'id' | 'amr' | 'createdAt' | 'expiresAt'> }): AccessToken;
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
    issue({ account, family }) {
      const { kid, privateKey } = signingKey();
      const issuedAt = toSeconds(now());
      const expiresAt = Math.min(issuedAt + toSeconds(accessTokenLifetimeMs), toSeconds(family.expiresAt.getTime()));
      const header = { alg: accessTokenAlgorithm, typ: accessTokenType, kid };
      const claims = {
        iss: tokenIssuer,
        aud: tokenAudience,
        sub: account.id,
        jti: newId(),
        iat: issuedAt,
        nbf: issuedAt,
        exp: expiresAt,
        sid: family.id,
        auth_time: toSeconds(family.createdAt.getTime()),
        amr: [...family.amr],
        roles: [...account.roles],
        username: account.username,
      };
      const token = signCompact([header, claims], KeyObject.from(privateKey));
      return { token, expiresAt: new Date(expiresAt * 1000) };
    },
  };
}

/**
 * A compact JWS (RFC 7515, 7.1) by Ed25519. On this thread, in 50 µs: jose signs by WebCrypto, whose hand-over to a thread of the pool costs
 * twice that and waits there for password hashes.
 */
function signCompact(parts: readonly [header: object, claims: object], key: KeyObject): string {
  const input = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`;
}

function toSeconds(ms: number): number {
  return Math.floor(ms / 1000);
}
