import type { FieldProblem } from '../../../../shared/errors/invalid-input.js';
import { commonPasswords } from './common-passwords.js';
import { normalise } from './password-hasher.js';

/** In characters (code points) after NFKC, so that 128 emoji are 128. */
export const passwordLength = { min: 8, max: 128 } as const;
/** A bound on the work for one password, in UTF-16 units: no 128 characters need more. */
const maximumUnits = 4096;
const productName = 'galaxia';
/** Nobody holds a key down for longer than this, in UTF-16 units; 128 times one emoji is a choice. */
const longestHeldKey = 32;

/** Whether it is too long to be anybody's password; hashing it would be wasted work. */
export function isAbsurdlyLong(password: string): boolean {
  return password.length > maximumUnits;
}

/** The first rule that `password` breaks, or null (SP 800-63B, 3.1.1.2: length and a blocklist, no rules of composition). */
export function findPasswordProblem(password: string, person: { username: string; email: string | null }): FieldProblem | null {
  const problem = (code: string, message: string): FieldProblem => ({ path: 'password', code, message });
  const { min, max } = passwordLength;
  const tooLong = problem('TOO_LONG', `A password has at most ${String(max)} characters.`);
  if (password === '') return problem('EMPTY', 'Choose a password.');
  if (isAbsurdlyLong(password)) return tooLong;
  // A lone surrogate has no bytes in UTF-8: all of them would hash alike.
  if (/\p{Surrogate}/u.test(password)) return problem('INVALID_CHARS', 'A password has only whole Unicode characters.');
  const normalised = normalise(password);
  const length = Array.from(normalised).length;
  if (length < min) return problem('TOO_SHORT', `A password has at least ${String(min)} characters.`);
  if (length > max) return tooLong;
  if (isGuessable(normalised.toLowerCase(), person)) {
    return problem('TOO_COMMON', 'This password is among the first that anyone would try; choose another.');
  }
  return null;
}

/** The first guesses of an attacker: the common ones, one character over and over, and a known word with digits and signs around it. */
function isGuessable(password: string, { username, email }: { username: string; email: string | null }): boolean {
  if (commonPasswords.has(password) || (password.length <= longestHeldKey && new Set(password).size === 1)) return true;
  const stem = password.replace(/^[^\p{L}]+/u, '').replace(/[^\p{L}]+$/u, '');
  const words = [username, email, email?.split('@')[0], productName].map((word) => word?.toLowerCase());
  return words.some((word) => word !== undefined && (word === password || word === stem)) || commonPasswords.has(stem);
}
