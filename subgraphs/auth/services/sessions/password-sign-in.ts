import { invalidInput, type InvalidInput } from '../../../../shared/errors/invalid-input.js';
import type { AccountRepository, LoginCandidate } from '../../data/account-repository.js';
import { toLoginIdentifier, type LoginIdentifier } from '../accounts/login-identifier.js';
import type { PasswordHasher } from '../passwords/password-hasher.js';
import type { AuditLog } from '../audit/audit-log.js';
import { isAbsurdlyLong } from '../passwords/password-policy.js';
import type { AccountGuess } from '../throttling/account-guesses.js';
import type { PasswordGuess, Throttles } from '../throttling/throttles.js';
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
  async function find(login: LoginIdentifier | null, claimant: 'first' | 'latest'): Promise<LoginCandidate | null> {
    const candidate = login === null ? null : await accounts.findForLogin(login, claimant);
    // Nobody's password is right for a disabled account; its hash is not looked at, so that the time tells nothing.
    return candidate !== null && candidate.account.disabledAt !== null ? { ...candidate, passwordHash: null } : candidate;
  }

  /** Answers with whose password it is, and with whom it was tried on. */
  async function verify(
    login: LoginIdentifier | null,
    password: string,
    atAccount: AccountGuess,
  ): Promise<{ right: LoginCandidate | null; triedId: string | null }> {
    let triedId: string | null = null;
    const check = async (find: () => Promise<LoginCandidate | null>) => {
      const matching = await hasher.verify(async () => {
        const candidate = await find();
        await atAccount.count(candidate?.account.id ?? null);
        return candidate;
      }, password);
      return matching !== null && (await atAccount.mayBeRight(matching.account.id)) ? matching : null;
    };
    const first = await check(async () => {
      const candidate = await find(login, 'first');
      triedId = candidate?.account.id ?? null;
      return candidate;
    });
    if (login?.kind !== 'email') return { right: first, triedId };
    // Whoever gives an address at registration and could sign in with it only while nobody else has it would learn who is here. So who
    // claimed it last always can, and the second check is made in any case: the time tells nothing either.
    const latest = await check(async () => {
      const candidate = await find(login, 'latest');
      return candidate?.account.id === triedId ? null : candidate;
    });
    return { right: first ?? latest, triedId };
  }

  async function signInOnce({ identifier, password, ...origin }: Login, atAccount: AccountGuess): Promise<PasswordGuess<LoginOutcome>> {
    const login = toLoginIdentifier(identifier);
    const { right, triedId } = await (isAbsurdlyLong(password) ? verify(null, '', atAccount) : verify(login, password, atAccount));
    if (right === null) {
      // For nobody's account as well, so that the time tells nothing. Never what was typed: people type passwords into the wrong field.
      await auditLog.record({ action: 'LOGIN_FAILED', accountId: triedId, details: { method: 'password' } });
      return { isRight: false, result: { kind: 'InvalidCredentials' } };
    }

    const result = await signIn.complete(right.account, { ...origin, amr: ['pwd'], passwordHash: right.passwordHash ?? undefined });
    return {
      // A disabled account is throttled as a wrong password is, else the right one could be told by that.
      isRight: result.kind !== 'InvalidCredentials',
      accountId: right.account.id,
      isMereClaim: login?.kind === 'email' && right.account.emailVerifiedAt === null,
      result,
    };
  }

  return {
    async login(login) {
      const problem = findDeviceProblem(login.device);
      if (problem !== null) return invalidInput([problem]);
      return throttles.guessAtSignIn(login, (atAccount) => signInOnce(login, atAccount));
    },
  };
}
