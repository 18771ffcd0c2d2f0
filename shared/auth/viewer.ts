import type { Role } from './role.js';

/** The signed-in caller, as the verified access token tells. */
export interface Viewer {
  readonly userId: string;
  readonly username: string;
  readonly sessionId: string;
  readonly roles: readonly Role[];
  /** What the token allows its bearer to do, when its issuer says so: `scope` (RFC 8693, 4.2) or `scp`. */
  readonly scopes?: readonly string[];
  /** Policies of `@policy` that they fulfil, when the issuer of the token says so. */
  readonly policies?: readonly string[];
  /** When the user proved who they are, in ms since the epoch. */
  readonly authenticatedAt: number;
  /** When the access token expires, in ms since the epoch. */
  readonly expiresAt: number;
}

/** Moderators and administrators. */
export function isInCharge({ roles }: Viewer): boolean {
  return roles.includes('MODERATOR') || roles.includes('ADMIN');
}

/** Whether no block hides anybody from the viewer: nobody gets out of the sight of those in charge by blocking them. */
export function seesPastBlocks(viewer: Viewer | null): boolean {
  return viewer !== null && isInCharge(viewer);
}
