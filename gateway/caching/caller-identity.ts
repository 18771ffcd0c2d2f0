import { hash } from 'node:crypto';
import type { Viewer } from '../../shared/auth/viewer.js';
import { isJsonObject } from '../../shared/json/json-object.js';

/** Whose private answers somebody may get. */
export interface CallerIdentity {
  /** Of the user: the same in all their sessions. */
  readonly subject: string;
  /** Of all that a subgraph can find in their token. */
  readonly key: string;
}

/** Undefined for whoever has no token that the gateway has verified. */
export type Identify = (viewer: Viewer | null | undefined, authorization: string | undefined) => CallerIdentity | undefined;

/** Say which token it is, and since when: nothing about its bearer. */
const claimsOfOneToken = new Set(['exp', 'iat', 'nbf', 'jti']);

/**
 * Reads claims that were verified before: nobody has a `viewer` by any other way. All of them are in the key, whatever they mean to a
 * subgraph: roles, scopes and tenants, and the session, by which it may answer as well. A token that is refreshed keeps the key.
 */
export function createIdentify(): Identify {
  // A verifier gives one object for each token as long as it knows it.
  const known = new WeakMap<Viewer, { readonly authorization: string; readonly identity: CallerIdentity | undefined }>();
  return (viewer, authorization) => {
    if (viewer === null || viewer === undefined || authorization === undefined) return undefined;
    const before = known.get(viewer);
    if (before?.authorization === authorization) return before.identity;
    const identity = readIdentity(viewer, authorization);
    known.set(viewer, { authorization, identity });
    return identity;
  };
}

function readIdentity({ userId }: Viewer, authorization: string): CallerIdentity | undefined {
  const claims = readClaims(authorization);
  // The one is not from the other: then nothing is known of either.
  if (claims?.sub !== userId) return undefined;
  const lasting = Object.entries(claims).filter(([name]) => !claimsOfOneToken.has(name));
  return { subject: digest([claims.iss, claims.sub]), key: digest(lasting) };
}

function readClaims(authorization: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(authorization.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return isJsonObject(claims) ? claims : undefined;
  } catch {
    return undefined;
  }
}

function digest(value: unknown): string {
  return hash('sha256', JSON.stringify(value), 'base64url');
}
