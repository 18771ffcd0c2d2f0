import type { Viewer } from '../../../../shared/auth/viewer.js';
import type { AccountRepository, LoginCandidate } from '../../data/account-repository.js';
import type { PasswordHasher } from './password-hasher.js';
import { isAbsurdlyLong } from './password-policy.js';

/** How long after signing in somebody without a password, such as a guest, counts as having proved who they are. */
export const freshSignInMs = 10 * 60_000;

export interface Reauthentication {
  /**
   * Whether the person at the keyboard is still the one who signed in: `password` is the caller's own or, when the account has none, the
   * session began within the last ten minutes. The same work whatever the outcome. Throws an `UNAVAILABLE` `AppError` when too many
   * passwords wait to be checked.
   */
  reauthenticate(viewer: Viewer, password: string | null | undefined): Promise<boolean>;
}

export function createReauthentication({
  accounts,
  hasher,
  now = Date.now,
}: {
  accounts: Pick<AccountRepository, 'findWithPassword'>;
  hasher: Pick<PasswordHasher, 'verify'>;
  now?: () => number;
}): Reauthentication {
  return {
    async reauthenticate(viewer, password) {
      const given = password === null || password === undefined || isAbsurdlyLong(password) ? '' : password;
      let found: LoginCandidate | null = null;
      const matching = await hasher.verify(async () => (found = await accounts.findWithPassword(viewer.userId)), given);
      if (matching !== null) return true;
      return hasNoPassword(found) && now() - viewer.authenticatedAt <= freshSignInMs;
    },
  };
}

function hasNoPassword(candidate: LoginCandidate | null): boolean {
  return candidate !== null && candidate.passwordHash === null;
}
