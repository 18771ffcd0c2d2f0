import { invalidInput, type InvalidInput } from '../../../../shared/errors/invalid-input.js';
import type { AccountRepository, LoginCandidate } from '../../data/account-repository.js';
import { isPossibleEmail } from '../accounts/email.js';
import { isPossibleUsername } from '../accounts/username.js';
import type { PasswordHasher } from '../passwords/password-hasher.js';
import { isAbsurdlyLong } from '../passwords/password-policy.js';
import { findDeviceProblem } from './device.js';
import type { InvalidCredentials, MfaRequired, SignIn, SignInOrigin } from './sign-in.js';
import type { SignedIn } from './signed-in.js';

export interface Login extends SignInOrigin {
  readonly identifier: string;
  readonly password: string;
}

export type LoginOutcome = SignedIn | MfaRequired | InvalidInput | InvalidCredentials;

export interface PasswordSignIn {
  /**
   * Signs in with username or e-mail. Unknown user, wrong password and account without a password get the same answer after the same
   * work. Throws an `UNAVAILABLE` `AppError` when too many passwords wait to be checked.
   */
  login(input: Login): Promise<LoginOutcome>;
}

export interface PasswordSignInOptions {
  readonly accounts: AccountRepository;
  readonly hasher: PasswordHasher;
  readonly signIn: SignIn;
}

export function createPasswordSignIn({ accounts, hasher, signIn }: PasswordSignInOptions): PasswordSignIn {
  async function find(identifier: string): Promise<LoginCandidate | null> {
    // No username has an "@", so the two cannot be mistaken for each other.
    if (isPossibleUsername(identifier)) return accounts.findForLogin({ kind: 'username', value: identifier });
    if (isPossibleEmail(identifier)) return accounts.findForLogin({ kind: 'email', value: identifier });
    return null;
  }

  return {
    async login({ identifier, password, ...origin }) {
      const problem = findDeviceProblem(origin.device);
      if (problem !== null) return invalidInput([problem]);
      const isAbsurd = isAbsurdlyLong(password);
      const candidate = await hasher.verify(async () => (isAbsurd ? null : find(identifier.trim())), isAbsurd ? '' : password);
      if (candidate === null) return { kind: 'InvalidCredentials' };

      return signIn.complete(candidate.account, { ...origin, amr: ['pwd'] });
    },
  };
}
