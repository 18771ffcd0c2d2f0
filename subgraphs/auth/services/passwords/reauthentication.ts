import type { Viewer } from '../../../../shared/auth/viewer.js';
import type { AccountRepository, LoginCandidate } from '../../data/account-repository.js';
import { byOwner, type AuditLog } from '../audit/audit-log.js';
import type { Throttles } from '../throttling/throttles.js';
import type { PasswordHasher } from './password-hasher.js';
import { isAbsurdlyLong } from './password-policy.js';

/** How long after signing in somebody without a password, such as a guest, counts as having proved who they are. */
const freshSignInMs = 10 * 60_000;

/**
 * Both throw an `UNAVAILABLE` `AppError` when too many passwords wait to be checked, and a `RATE_LIMITED` one after too many wrong ones: a
 * stolen session must not be a place to guess the password. A failure stands in the audit log, with the mutation that it was for.
 */
export interface Reauthentication {
  /**
   * Whether the person at the keyboard is still the one who signed in: `password` is the caller's own or, when the account has none, the
   * session began within the last ten minutes. The same work whatever the outcome.
   */
  reauthenticate(viewer: Viewer, password: string | null | undefined, purpose: string): Promise<boolean>;
  /** The viewer's account with the hash that `password` was checked against; null when it is not theirs. */
  findByPassword(viewer: Viewer, password: string, purpose: string): Promise<LoginCandidate | null>;
}

export interface ReauthenticationOptions {
  readonly accounts: Pick<AccountRepository, 'findWithPassword'>;
  readonly hasher: Pick<PasswordHasher, 'verify'>;
  readonly throttles: Pick<Throttles, 'guessAgain'>;
  readonly auditLog: Pick<AuditLog, 'record'>;
  readonly now?: () => number;
}

export function createReauthentication({
  accounts,
  hasher,
  throttles,
  auditLog,
  now = Date.now,
}: ReauthenticationOptions): Reauthentication {
  async function prove<Proof>(viewer: Viewer, purpose: string, check: () => Promise<Proof | null>): Promise<Proof | null> {
    const proof = await throttles.guessAgain(viewer.userId, async () => {
      const result = await check();
      return { isRight: result !== null, result };
    });
    if (proof !== null) return proof;
    await auditLog.record({ action: 'REAUTHENTICATION_FAILED', ...byOwner(viewer), details: { purpose } });
    return null;
  }

  async function check(viewer: Viewer, password: string) {
    const found: { candidate: LoginCandidate | null } = { candidate: null };
    const find = async () => (found.candidate = await accounts.findWithPassword(viewer.userId));
    const matching = await hasher.verify(find, isAbsurdlyLong(password) ? '' : password);
    return { matching, hasNoPassword: found.candidate !== null && found.candidate.passwordHash === null };
  }

  return {
    async reauthenticate(viewer, password, purpose) {
      const proof = await prove(viewer, purpose, async () => {
        const { matching, hasNoPassword } = await check(viewer, password ?? '');
        return matching !== null || (hasNoPassword && now() - viewer.authenticatedAt <= freshSignInMs) ? viewer : null;
      });
      return proof !== null;
    },

    findByPassword: (viewer, password, purpose) => prove(viewer, purpose, async () => (await check(viewer, password)).matching),
  };
}
