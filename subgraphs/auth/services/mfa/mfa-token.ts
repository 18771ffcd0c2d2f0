import { createHash, randomBytes } from 'node:crypto';

const tokenBytes = 32;
const encodedLength = 43;

/** The opaque token between the first factor and the second. */
export interface MfaTokens {
  /** 256 random bits, base64url. */
  create(): string;
  /** What is kept of it: its SHA-256, base64url. */
  hash(token: string): string;
}

export function createMfaTokens(random: (size: number) => Buffer = randomBytes): MfaTokens {
  return {
    create: () => random(tokenBytes).toString('base64url'),
    hash: (token) => createHash('sha256').update(token).digest('base64url'),
  };
}

/** Whether `text` could be a token of ours; anything else need not be asked of the database. */
export function isPossibleMfaToken(text: string): boolean {
  return text.length === encodedLength && /^[\w-]+$/.test(text);
}
