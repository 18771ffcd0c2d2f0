import { createHash, createHmac, randomBytes } from 'node:crypto';

const tokenBytes = 32;
const encodedLength = 43;

export interface RefreshTokens {
  /** A new token of 256 random bits, base64url. */
  create(): string;
  /** What a successor is derived with; kept beside the token that it succeeds. */
  createSalt(): string;
  /**
   * The successor of `token`: 256 bits that only someone with the token itself, the salt in the database and the server's key can know.
   * So a retry within the grace gets the same successor again, though nothing but hashes is at rest.
   */
  successorOf(token: string, salt: string): string;
  /** What is kept of a token: its SHA-256, base64url. A token has 256 bits of its own, so nothing slower is needed. */
  hash(token: string): string;
}

export function createRefreshTokens(key: Uint8Array, random: (size: number) => Buffer = randomBytes): RefreshTokens {
  return {
    create: () => random(tokenBytes).toString('base64url'),
    createSalt: () => random(16).toString('base64url'),
    successorOf: (token, salt) => createHmac('sha256', key).update(`${salt}.${token}`).digest('base64url'),
    hash: (token) => createHash('sha256').update(token).digest('base64url'),
  };
}

/** Whether `text` could be a token of ours; anything else need not be asked of the database. */
export function isPossibleRefreshToken(text: string): boolean {
  return text.length === encodedLength && /^[\w-]+$/.test(text);
}
