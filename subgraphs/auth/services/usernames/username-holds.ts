import { createHmac } from 'node:crypto';

const day = 24 * 60 * 60_000;

/** How long a name that was given up is kept from others, and how long its owner waits for the next change. In ms. */
export const usernameHoldMs = 30 * day;
export const usernameCooldownMs = 30 * day;

export interface UsernameHolds {
  /** By which a held name is known, whatever its capitals. Says nothing about the name to whoever reads the database alone. */
  hashOf(username: string): string;
}

export function createUsernameHolds(key: Uint8Array): UsernameHolds {
  return { hashOf: (username) => createHmac('sha256', key).update(username.toLowerCase()).digest('base64url') };
}
