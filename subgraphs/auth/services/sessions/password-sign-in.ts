import { invalidInput, type InvalidInput } from '../../../../shared/errors/invalid-input.js';
import type { AccountRepository, LoginCandidate } from '../../data/account-repository.js';
import { toLoginIdentifier } from '../accounts/login-identifier.js';
import type { PasswordHasher } from '../passwords/password-hasher.js';
import type { AuditLog } from '../audit/audit-log.js';
import { isAbsurdlyLong } from '../passwords/password-policy.js';
import type { Throttles } from '../throttling/throttles.js';
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
   * work. Throws an `UNAVAILABLE` `AppError` when too many passwords wait to be checked, a `RATE_LIMITED` one after too many wrong ones.
   */
  login(input: Login): Promise<LoginOutcome>;
}

export interface PasswordSignInOptions {
  readonly accounts: AccountRepository;
  readonly hasher: PasswordHasher;
  readonly signIn: SignIn;
  readonly throttles: Throttles;
  readonly auditLog: Pick<AuditLog, 'record'>;
}

export function createPasswordSignIn({ accounts, hasher, signIn, throttles, auditLog }: PasswordSignInOptions): PasswordSignIn {
  async function find(identifier: string, found: { accountId: string | null }): Promise<LoginCandidate | null> {
    const login = toLoginIdentifier(identifier);
    const candidate = login === null ? null : await accounts.findForLogin(login);
    found.accountId = candidate?.account.id ?? null;
    // Nobody's password is right for a disabled account; its hash is not looked at, so that the time tells nothing.
    return candidate !== null && candidate.account.disabledAt !== null ? { ...candidate, passwordHash: null } : candidate;
  }

  function verify(identifier: string, password: string, found: { accountId: string | null }): Promise<LoginCandidate | null> {
    const isAbsurd = isAbsurdlyLong(password);
    return hasher.verify(async () => (isAbsurd ? null : find(identifier, found)), isAbsurd ? '' : password);
  }

  async function signInOnce({ identifier, password, ...origin }: Login): Promise<LoginOutcome> {
    const found: { accountId: string | null } = { accountId: null };
    const candidate = await verify(identifier, password, found);
    if (candidate === null) {
      // For nobody's account as well, so that the time tells nothing. Never what was typed: people type passwords into the wrong field.
      await auditLog.record({ action: 'LOGIN_FAILED', accountId: found.accountId, details: { method: 'password' } });
      return { kind: 'InvalidCredentials' };
    }

    return signIn.complete(candidate.account, { ...origin, amr: ['pwd'], passwordHash: candidate.passwordHash ?? undefined });
  }

  return {
    async login(login) {
      const problem = findDeviceProblem(login.device);
      if (problem !== null) return invalidInput([problem]);
      return throttles.guessAtSignIn(login, async () => {
        const result = await signInOnce(login);
        // A disabled account is throttled as a wrong password is, else the right one could be told by that.
        return { isRight: result.kind !== 'InvalidCredentials', result };
      });
    },
  };
}
