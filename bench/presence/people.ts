import { importJWK, SignJWT, type JWK } from 'jose';
import { accessTokenAlgorithm, accessTokenType, tokenAudience, tokenIssuer } from '../../shared/auth/access-token.js';

/** Who takes part in a measurement, as a range of numbers. */
export interface Range {
  readonly first: number;
  readonly count: number;
}

export const numbersOf = ({ first, count }: Range): readonly number[] => Array.from({ length: count }, (_, index) => first + index);

/** As SQL of `n`, the same as `userId(n)`. */
export const userIdSql = (n: string): string => `('00000000-0000-7000-8000-' || lpad(to_hex(${n}), 12, '0'))::uuid`;

export const userId = (n: number): string => `00000000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
const sessionId = (n: number): string => `00000000-0000-7000-9000-${n.toString(16).padStart(12, '0')}`;

/** Signs access tokens as auth does, with a key that the product is told is auth's: thousands of sign-ins would be another measurement. */
export async function createSigner(key: JWK): Promise<(n: number) => Promise<string>> {
  const imported = await importJWK(key, accessTokenAlgorithm);
  return (n) => {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ sid: sessionId(n), jti: `${n}-${now}`, auth_time: now, amr: ['pwd'], username: `user_${n}`, roles: [] })
      .setProtectedHeader({ alg: accessTokenAlgorithm, typ: accessTokenType, kid: key.kid ?? '' })
      .setIssuer(tokenIssuer)
      .setAudience(tokenAudience)
      .setSubject(userId(n))
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(now + 600)
      .sign(imported);
  };
}
