import { z } from 'zod';
import type { FieldProblem } from '../../../../shared/errors/invalid-input.js';

/** Longest address that mail can be sent to (RFC 5321, 4.5.3.1). */
const maximumEmailLength = 254;
const address = z.email();

/** The address without blanks around it; null for none. An empty string is none as well: that is what an empty form field sends. */
export function tidyEmail(email: string | null | undefined): string | null {
  const trimmed = email?.trim() ?? '';
  return trimmed === '' ? null : trimmed;
}

/** The rule that `email` breaks, or null. Says nothing about whether the address is known here: nobody may learn that. */
export function findEmailProblem(email: string): FieldProblem | null {
  if (email.length > maximumEmailLength) {
    return { path: 'email', code: 'TOO_LONG', message: `An e-mail address has at most ${String(maximumEmailLength)} characters.` };
  }
  return isPossibleEmail(email) ? null : { path: 'email', code: 'INVALID', message: 'This is not an e-mail address.' };
}

export function isPossibleEmail(text: string): boolean {
  return text.length <= maximumEmailLength && address.safeParse(text).success;
}
