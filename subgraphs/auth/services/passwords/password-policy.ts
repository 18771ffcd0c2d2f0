import type { FieldProblem } from '../../../../shared/errors/invalid-input.js';
import type { BreachCheck } from './breach-check.js';
import { createCommonPasswords, type CommonPasswords } from './common-passwords.js';
import { normalise } from './password-hasher.js';

/** In characters (code points) after NFKC, so that 128 emoji are 128. */
const passwordLength = { min: 8, max: 128 } as const;
/** A bound on the work for one password, in UTF-16 units: no 128 characters need more. */
const maximumUnits = 4096;
const productName = 'galaxia';
/** Nobody holds a key down, or goes on with a pattern, for longer than this, in UTF-16 units; 128 times one emoji is a choice. */
const longestPattern = 32;
/** A known word needs more than these many characters beside it before it is more than a known word. */
const decoration = 6;

export interface PasswordPolicy {
  /**
   * The first rule that `password` breaks, or null (SP 800-63B, 3.1.1.2: length and a blocklist, no rules of composition). `path` is where
   * it stands in the input. Throws an `UNAVAILABLE` `AppError` when passwords are to be checked for breaches, the service that knows them
   * is down, and the configuration says to refuse then.
   */
  findProblem(
    password: string,
    person: { readonly username: string | null; readonly email: string | null },
    path?: string,
  ): Promise<FieldProblem | null>;
}

/** Whether it is too long to be anybody's password; hashing it would be wasted work. */
export function isAbsurdlyLong(password: string): boolean {
  return password.length > maximumUnits;
}

export function createPasswordPolicy({
  commonPasswords = createCommonPasswords(),
  breachCheck = null,
}: { commonPasswords?: () => Promise<CommonPasswords>; breachCheck?: BreachCheck | null } = {}): PasswordPolicy {
  return {
    async findProblem(password, { username, email }, path = 'password') {
      const problem = (code: string, message: string): FieldProblem => ({ path, code, message });
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
      const words = [username, email, email?.split('@')[0], productName].flatMap((word) =>
        word === null || word === undefined ? [] : [word.toLowerCase()],
      );
      const common = await commonPasswords();
      if (isGuessable(normalised.toLowerCase(), (text) => words.includes(text) || common.has(text))) {
        return problem('TOO_COMMON', 'This password is among the first that anyone would try; choose another.');
      }
      if (breachCheck !== null && (await breachCheck.isKnown(normalised))) {
        return problem('BREACHED', 'This password has been in a data breach, so that others know it; choose another.');
      }
      return null;
    },
  };
}

/** The first guesses of an attacker: what is known, a pattern over and over, and a known word with a few digits and signs around it. */
function isGuessable(password: string, isKnown: (text: string) => boolean): boolean {
  if (isKnown(password)) return true;
  if (password.length <= longestPattern && (isSequence(password) || isRepetition(password, isKnown))) return true;
  const [, before = '', stem = '', after = ''] = /^([^\p{L}]*)(.*?)([^\p{L}]*)$/su.exec(password) ?? [];
  // Short words are parts of good passwords as well; "monkey" with eight digits of somebody's own is not in any list.
  if (stem.length < 4 || !isKnown(stem)) return false;
  return [before, after].every((part) => part.length <= decoration || isKnown(part) || isSequence(part));
}

/** Whether each character follows the one before, up or down, or is the same: 12345678, hgfedcba, aaaaaaaa. */
function isSequence(text: string): boolean {
  const codes = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  const steps = new Set(codes.slice(1).map((code, index) => code - (codes[index] ?? 0)));
  return steps.size === 1 && [-1, 0, 1].some((step) => steps.has(step));
}

/** Whether it is something short or known, twice and more: 12341234, passwordpassword. */
function isRepetition(text: string, isKnown: (text: string) => boolean): boolean {
  for (let size = 1; size <= text.length / 2; size += 1) {
    const unit = text.slice(0, size);
    if (text.length % size === 0 && unit.repeat(text.length / size) === text) return Array.from(unit).length <= 4 || isKnown(unit);
  }
  return false;
}
