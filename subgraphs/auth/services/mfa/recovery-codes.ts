import { createHmac, randomBytes } from 'node:crypto';

const recoveryCodeCount = 10;
/** Crockford's base32: no I, L, O or U, which people mistake for something else. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** Five bits each: 80 bits, so that a fast keyed hash protects them. */
const codeLength = 16;
const groupLength = 4;
/** A bound on the work for what somebody typed. */
const maximumTyped = 64;

export interface RecoveryCodes {
  /** Ten new codes, in groups for reading, and what is kept of each. */
  create(accountId: string): { readonly codes: readonly string[]; readonly hashes: readonly string[] };
  /** What is kept of a code as somebody typed it, base64url; null for what cannot be one. */
  hashOf(accountId: string, typed: string): string | null;
}

/** `key` keeps whoever copies the database from testing guesses. */
export function createRecoveryCodes(key: Uint8Array, random: (size: number) => Buffer = randomBytes): RecoveryCodes {
  const hash = (accountId: string, code: string) => createHmac('sha256', key).update(`${accountId}.${code}`).digest('base64url');
  return {
    create(accountId) {
      const plain = Array.from({ length: recoveryCodeCount }, () =>
        // 256 is a multiple of 32: every letter is as likely as any other.
        Array.from(random(codeLength), (byte) => alphabet.charAt(byte % alphabet.length)).join(''),
      );
      return { codes: plain.map(inGroups), hashes: plain.map((code) => hash(accountId, code)) };
    },
    hashOf(accountId, typed) {
      const code = readTyped(typed);
      return code === null ? null : hash(accountId, code);
    },
  };
}

function inGroups(code: string): string {
  return Array.from({ length: codeLength / groupLength }, (_, index) => code.slice(index * groupLength, (index + 1) * groupLength)).join(
    '-',
  );
}

/** With or without hyphens, blanks and capitals, and with the letters that look like digits taken for them. */
function readTyped(typed: string): string | null {
  if (typed.length > maximumTyped) return null;
  const code = typed
    .toUpperCase()
    .replace(/[\s-]+/g, '')
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1');
  return code.length === codeLength && Array.from(code).every((letter) => alphabet.includes(letter)) ? code : null;
}
