import { createHash, randomBytes } from 'node:crypto';

const minute = 60_000;

/** How long a mailed token is good, in ms (SECURITY 8: a reset at most an hour). */
export const mailTokenLifetimeMs = { 'password-reset': 30 * minute, 'email-verification': 24 * 60 * minute } as const;
export type MailTokenPurpose = keyof typeof mailTokenLifetimeMs;

const tokenBytes = 32;
const encodedLength = 43;

/** A token as it is kept: its hash alone. */
export interface MailTokenRow {
  readonly hash: string;
  readonly accountId: string;
  readonly purpose: MailTokenPurpose;
  /** Where it went, in lower case: it proves nothing about another address. */
  readonly emailLower: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** 256 random bits, base64url. */
export function createMailToken(random: (size: number) => Buffer = randomBytes): string {
  return random(tokenBytes).toString('base64url');
}

/** SHA-256, base64url: the token has 256 bits of its own, so nothing slower is needed. */
export function hashMailToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** The token without the blanks that copying adds; null for what none of ours can be, which need not be asked of the database. */
export function tidyMailToken(typed: string): string | null {
  if (typeof typed !== 'string' || typed.length > 2 * encodedLength) return null;
  const token = typed.trim();
  return token.length === encodedLength && /^[\w-]+$/.test(token) ? token : null;
}
