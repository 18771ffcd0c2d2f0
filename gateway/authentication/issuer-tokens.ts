import { createHash } from 'node:crypto';
import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import type { AccessTokenVerifier } from '../../shared/auth/access-token.js';
import { tokenScopes } from '../../shared/auth/token-scopes.js';
import type { Viewer } from '../../shared/auth/viewer.js';
import { AppError, unauthenticated } from '../../shared/errors/app-error.js';
import { isAboutToken } from './issuer-keys.js';
import { tokenPolicies } from './token-policies.js';
import type { JwtConfig } from './jwt-variables.js';

/** With keys that are published, everyone could sign with a symmetric algorithm (RFC 8725, 2.1). */
const algorithms = ['EdDSA', 'Ed25519', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512'];
/** In seconds. */
const clockTolerance = 5;
const cacheSize = 10_000;
/** Issuers put groups and permissions into theirs; the headers of a request have 16 KB in all. */
const maximumLength = 14_000;
/** OpenID Connect allows 255 characters (Core, 2). */
const longestSubject = 256;

export interface IssuerTokenVerifierOptions extends Pick<JwtConfig, 'issuer' | 'audience'>, Partial<Pick<JwtConfig, 'policiesClaim'>> {
  readonly keys: JWTVerifyGetKey;
  readonly now?: () => number;
}

/**
 * Verifies the tokens of anyone's issuer by its published keys (RFC 8725): signature, `iss`, `aud`, `exp` and `nbf`, with a `sub`. A good
 * token is kept by its hash until it expires, so it is verified once; it cannot be revoked.
 */
export function createIssuerTokenVerifier(options: IssuerTokenVerifierOptions): AccessTokenVerifier {
  const { issuer, audience, policiesClaim = 'policies', keys, now = Date.now } = options;
  const verified = new Map<string, Viewer>();

  async function verifySignature(token: string): Promise<Viewer> {
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms,
        issuer,
        audience: [...audience],
        clockTolerance,
        currentDate: new Date(now()),
        requiredClaims: ['sub', 'exp'],
      });
      return toViewer(payload, policiesClaim);
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw unauthenticated('The access token has expired: get a new one.');
      if (error instanceof AppError) throw error;
      if (isAboutToken(error)) throw invalid();
      throw new AppError('UNAVAILABLE', 'Access tokens cannot be checked right now. Try again shortly.', { retryAfter: 1, cause: error });
    }
  }

  return {
    async verify(authorization) {
      if (authorization === undefined) return null;
      const token = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+) *$/i.exec(authorization)?.[1];
      if (token === undefined || token.length > maximumLength) throw invalid();
      const hash = createHash('sha256').update(token).digest('base64');
      const known = verified.get(hash);
      if (known !== undefined && known.expiresAt + clockTolerance * 1000 > now()) return known;
      verified.delete(hash);
      const viewer = await verifySignature(token);
      if (verified.size >= cacheSize) verified.delete(verified.keys().next().value ?? '');
      verified.set(hash, viewer);
      return viewer;
    },
  };
}

/** OpenID Connect's names, where there are any. What an issuer writes has any type, whatever jose's types say. */
function toViewer(payload: JWTPayload, policiesClaim: string): Viewer {
  const { exp = 0, iat = 0, sid, jti, auth_time: authTime } = payload;
  const userId: unknown = payload.sub;
  if (!isSubject(userId)) throw invalid();
  const username = [payload.preferred_username, payload.username, payload.nickname].find((name) => typeof name === 'string');
  return {
    userId,
    username: username ?? userId,
    sessionId: [sid, jti].find((id) => typeof id === 'string') ?? userId,
    // Ours alone: whoever writes "ADMIN" into a token of another issuer is none here.
    roles: [],
    scopes: tokenScopes({ scope: payload.scope, scp: payload.scp }),
    policies: tokenPolicies(payload, policiesClaim),
    authenticatedAt: (typeof authTime === 'number' ? authTime : iat) * 1000,
    expiresAt: exp * 1000,
  };
}

function isSubject(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '' && value.length <= longestSubject && !/[\p{Cc}\p{Cs}]/u.test(value);
}

function invalid(): AppError {
  return unauthenticated('The access token is not valid: get a new one.');
}
