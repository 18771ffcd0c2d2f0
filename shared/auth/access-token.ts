import { hash } from 'node:crypto';
import { errors, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { AppError, unauthenticated } from '../errors/app-error.js';
import { accessTokenLifetimeMs, type Revocations } from './revocations.js';
import { roles, type Role } from './role.js';
import { tokenScopes } from './token-scopes.js';
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
/** Ours have some 600 characters; anything much longer is not worth hashing. */
const maximumLength = 8_192;

export interface AccessTokenVerifier {
  /**
   * The viewer of an `Authorization` header: null without one, the viewer of a good `Bearer` token, and an `UNAUTHENTICATED`
   * `AppError` for anything else (malformed, tampered, expired, of another type or issuer, or of an ended session). An `UNAVAILABLE`
   * one when the public keys cannot be had: the token may be good, so nobody is told to sign in again.
   */
  verify(authorization: string | undefined): Promise<Viewer | null>;
}

export interface AccessTokenVerifierOptions {
  /** Public keys by `kid`: of a `KeyFeed`, or of `createLocalJWKSet` of jose. */
  readonly keys: JWTVerifyGetKey;
  readonly revocations: Revocations;
  readonly now?: () => number;
}

interface Verified {
  readonly viewer: Viewer;
  /** Of the key that signed it. */
  readonly kid: string;
}

/** Verifies access tokens after RFC 8725 and RFC 9068. A good token is kept by its hash until it expires, so it is verified once. */
export function createAccessTokenVerifier({ keys, revocations, now = Date.now }: AccessTokenVerifierOptions): AccessTokenVerifier {
  const verified = new Map<string, Verified>();

  async function verifySignature(token: string): Promise<Verified> {
    try {
      const { payload, protectedHeader } = await jwtVerify(token, keys, {
        algorithms: [accessTokenAlgorithm],
        issuer: tokenIssuer,
        audience: tokenAudience,
        typ: accessTokenType,
        clockTolerance,
        currentDate: new Date(now()),
        // By `iat`, which must not lie in the future either: no token lives longer, whatever its `exp` says.
        maxTokenAge: accessTokenLifetimeMs / 1000,
        requiredClaims: ['sub', 'sid', 'jti', 'exp', 'nbf', 'iat', 'auth_time', 'amr', 'username', 'roles'],
      });
      if (seconds(payload.exp) - seconds(payload.iat) > accessTokenLifetimeMs) throw invalid();
      const scopes = tokenScopes(payload);
      const viewer = {
        userId: text(payload.sub),
        username: text(payload.username),
        sessionId: text(payload.sid),
        roles: (Array.isArray(payload.roles) ? payload.roles : []).filter(isRole),
        ...(scopes.length === 0 ? {} : { scopes }),
        authenticatedAt: seconds(payload.auth_time),
        expiresAt: seconds(payload.exp),
      };
      return { viewer, kid: protectedHeader.kid ?? '' };
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw unauthenticated('The access token has expired: refresh the session or sign in again.');
      if (error instanceof AppError) throw error;
      if (isAboutToken(error)) throw invalid();
      throw new AppError('UNAVAILABLE', 'Access tokens cannot be checked right now. Try again shortly.', { retryAfter: 1, cause: error });
    }
  }

  function stillGood(fingerprint: string): Verified | undefined {
    const known = verified.get(fingerprint);
    if (known === undefined || known.viewer.expiresAt + clockTolerance * 1000 > now()) return known;
    verified.delete(fingerprint);
    return undefined;
  }

  /** Kept under one spelling of the header: whoever writes theirs in a thousand ways must not push out a thousand others. */
  async function verifyToken(token: string): Promise<Verified> {
    const fingerprint = fingerprintOf(`Bearer ${token}`);
    const known = stillGood(fingerprint) ?? (await verifySignature(token));
    if (verified.size >= cacheSize && !verified.has(fingerprint)) verified.delete(verified.keys().next().value ?? '');
    verified.set(fingerprint, known);
    return known;
  }

  return {
    async verify(authorization) {
      if (authorization === undefined) return null;
      const known = stillGood(fingerprintOf(authorization)) ?? (await verifyToken(tokenOf(authorization)));
      const { viewer, kid } = known;
      // Whoever has the key signs what they like: it is the token that is refused, and the session goes on with its next one.
      if (revocations.isKeyRevoked(kid)) throw invalid();
      if (revocations.isRevoked(viewer.sessionId)) throw unauthenticated('The session has ended: sign in again.');
      return viewer;
    },
  };
}

/** Of the whole header, in one call: a token that was verified before costs no more than this (1 µs). */
function fingerprintOf(authorization: string): string {
  return hash('sha256', authorization, 'base64');
}

/** The token of a `Bearer` header; throws when it can be none. */
function tokenOf(authorization: string): string {
  const token = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+) *$/i.exec(authorization)?.[1];
  if (token === undefined || token.length > maximumLength || !isCanonical(token)) throw invalid();
  return token;
}

/**
 * Whether jose refused the token itself. A set of keys that does not come, times out or is not one is our fault, not the caller's; for a
 * bad answer jose throws a plain `JOSEError`.
 */
function isAboutToken(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return false;
  return !(error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid || error.code === errors.JOSEError.code);
}

/** The last character of a signature has bits that mean nothing: with another there, the same token would be accepted in 16 spellings. */
function isCanonical(token: string): boolean {
  const signature = token.slice(token.lastIndexOf('.') + 1);
  return Buffer.from(signature, 'base64url').toString('base64url') === signature;
}

function invalid(): AppError {
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
