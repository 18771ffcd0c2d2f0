import { createHash } from 'node:crypto';
import { errors, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { unauthenticated } from '../errors/app-error.js';
import type { Revocations } from './revocations.js';
import { roles, type Role } from './role.js';
import type { Viewer } from './viewer.js';

/** `iss` and `aud` of Galaxia's own access tokens. */
export const tokenIssuer = 'urn:galaxia';
export const tokenAudience = 'galaxia';
/** `typ` header of an access token (RFC 9068); no other token is accepted as one. */
export const accessTokenType = 'at+jwt';
export const accessTokenAlgorithm = 'EdDSA';
/** Clock difference between machines that is forgiven, in seconds. */
const clockTolerance = 5;
const cacheSize = 10_000;

export interface AccessTokenVerifier {
  /**
   * The viewer of an `Authorization` header: null without one, the viewer of a good `Bearer` token, and an `UNAUTHENTICATED`
   * `AppError` for anything else (malformed, tampered, expired, of another type or issuer, or of an ended session).
   */
  verify(authorization: string | undefined): Promise<Viewer | null>;
}

export interface AccessTokenVerifierOptions {
  /** Public keys by `kid`: `createLocalJWKSet` or `createRemoteJWKSet` of jose. */
  readonly keys: JWTVerifyGetKey;
  readonly revocations: Revocations;
  readonly now?: () => number;
}

/** Verifies access tokens after RFC 8725 and RFC 9068. A good token is kept by its hash until it expires, so it is verified once. */
export function createAccessTokenVerifier({ keys, revocations, now = Date.now }: AccessTokenVerifierOptions): AccessTokenVerifier {
  const verified = new Map<string, Viewer>();

  async function verifySignature(token: string): Promise<Viewer> {
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: [accessTokenAlgorithm],
        issuer: tokenIssuer,
        audience: tokenAudience,
        typ: accessTokenType,
        clockTolerance,
        currentDate: new Date(now()),
        requiredClaims: ['sub', 'sid', 'jti', 'exp', 'iat', 'auth_time', 'username', 'roles'],
      });
      return {
        userId: text(payload.sub),
        username: text(payload.username),
        sessionId: text(payload.sid),
        roles: (Array.isArray(payload.roles) ? payload.roles : []).filter(isRole),
        authenticatedAt: seconds(payload.auth_time),
        expiresAt: seconds(payload.exp),
      };
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw unauthenticated('The access token has expired: refresh the session or sign in again.');
      // Keys that cannot be fetched are our fault, not the caller's.
      if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) throw error;
      throw invalid();
    }
  }

  return {
    async verify(authorization) {
      if (authorization === undefined) return null;
      const token = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+) *$/i.exec(authorization)?.[1];
      if (token === undefined) throw invalid();
      const hash = createHash('sha256').update(token).digest('base64');
      let viewer = verified.get(hash);
      if (viewer === undefined || viewer.expiresAt + clockTolerance * 1000 <= now()) {
        verified.delete(hash);
        viewer = await verifySignature(token);
        if (verified.size >= cacheSize) verified.delete(verified.keys().next().value ?? '');
        verified.set(hash, viewer);
      }
      if (revocations.isRevoked(viewer.sessionId)) throw unauthenticated('The session has ended: sign in again.');
      return viewer;
    },
  };
}

function invalid(): Error {
  return unauthenticated('The access token is not valid: sign in again.');
}

function isRole(value: unknown): value is Role {
  return roles.some((role) => role === value);
}

function text(value: unknown): string {
  if (typeof value !== 'string' || value === '') throw invalid();
  return value;
}

function seconds(value: unknown): number {
  if (typeof value !== 'number') throw invalid();
  return value * 1000;
}
