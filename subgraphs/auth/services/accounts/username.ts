import type { FieldProblem } from '../../../../shared/errors/invalid-input.js';

const usernameLength = { min: 3, max: 24 } as const;

/** Names that would pass for the operator, for a part of the product, or for nobody. In lower case. */
const reserved = new Set([
  ...['abuse', 'admin', 'administrator', 'anonymous', 'api', 'auth', 'bot', 'console', 'daemon', 'deleted', 'everyone', 'galaxia'],
  ...['gateway', 'guest', 'help', 'here', 'hostmaster', 'login', 'logout', 'mod', 'moderator', 'no_reply', 'nobody', 'noreply', 'null'],
  ...['official', 'operator', 'owner', 'postmaster', 'register', 'root', 'security', 'server', 'staff', 'sudo', 'support', 'sysadmin'],
  ...['system', 'undefined', 'unknown', 'webmaster'],
]);

/** The first rule that `username` breaks, or null. Whether somebody has the name already is for the database to say. */
export function findUsernameProblem(username: string): FieldProblem | null {
  const problem = (code: string, message: string): FieldProblem => ({ path: 'username', code, message });
  const { min, max } = usernameLength;
  if (username.trim() === '') return problem('EMPTY', 'Choose a username.');
  if (username.length < min) return problem('TOO_SHORT', `A username has at least ${String(min)} characters.`);
  if (username.length > max) return problem('TOO_LONG', `A username has at most ${String(max)} characters.`);
  if (!/^\w+$/.test(username)) return problem('INVALID_CHARS', 'A username has only the letters a to z, digits and "_".');
  if (!/^[a-z]/i.test(username)) return problem('MUST_START_WITH_LETTER', 'A username starts with a letter.');
  if (reserved.has(username.toLowerCase())) return problem('RESERVED', `The username "${username}" is reserved; choose another.`);
  return null;
}

/** Whether some account could have this name; anything else need not be asked of the database. */
export function isPossibleUsername(text: string): boolean {
  return text.length <= usernameLength.max && /^[a-z]\w*$/i.test(text);
}
