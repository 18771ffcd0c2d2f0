import { isPossibleEmail } from './email.js';
import { isPossibleUsername } from './username.js';

/** What somebody signs in with. */
export interface LoginIdentifier {
  readonly kind: 'username' | 'email';
  readonly value: string;
}

/** Null for what can be neither. No username has an "@", so the two cannot be mistaken for each other. */
export function toLoginIdentifier(typed: string): LoginIdentifier | null {
  const value = typed.trim();
  if (isPossibleUsername(value)) return { kind: 'username', value };
  if (isPossibleEmail(value)) return { kind: 'email', value };
  return null;
}
