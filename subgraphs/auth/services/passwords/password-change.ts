import type { Viewer } from '../../../../shared/auth/viewer.js';
import { unauthenticated } from '../../../../shared/errors/app-error.js';
import { invalidInput, type InvalidInput } from '../../../../shared/errors/invalid-input.js';
import type { LoginCandidate } from '../../data/account-repository.js';
import type { PasswordRepository } from '../../data/password-repository.js';
import { byOwner, toAuditRow } from '../audit/audit-log.js';
import type { Mailer } from '../mail/mailer.js';
import type { SessionEnder } from '../sessions/session-ender.js';
import type { PasswordHasher } from './password-hasher.js';
import type { PasswordPolicy } from './password-policy.js';
import type { Reauthentication } from './reauthentication.js';

export interface NewPassword {
  readonly currentPassword: string;
  readonly newPassword: string;
}

export type PasswordChangeOutcome =
  { readonly kind: 'PasswordChanged'; readonly endedSessions: number } | { readonly kind: 'InvalidCredentials' } | InvalidInput;

export interface PasswordChange {
  /**
   * Another password for the viewer: their other sessions end, and they get a notice by mail. Throws an `UNAUTHENTICATED` `AppError` for an
   * anonymous viewer, an `UNAVAILABLE` one when too many passwords wait to be checked,
   * a `RATE_LIMITED` one after too many wrong ones.
   */
  change(viewer: Viewer | null, input: NewPassword): Promise<PasswordChangeOutcome>;
}

export interface PasswordChangeOptions {
  readonly passwords: PasswordRepository;
  readonly hasher: Pick<PasswordHasher, 'hash'>;
  readonly passwordPolicy: PasswordPolicy;
  readonly reauthentication: Pick<Reauthentication, 'findByPassword'>;
  readonly mailer: Mailer;
  readonly sessionEnder: Pick<SessionEnder, 'haveEnded'>;
  readonly now?: () => number;
}

/** A hash can change under our hands without a change of the password: another sign-in may hash it anew. Once is all there is. */
const tries = 3;

export function createPasswordChange({
  passwords,
  hasher,
  passwordPolicy,
  reauthentication,
  mailer,
  sessionEnder,
  now = Date.now,
}: PasswordChangeOptions): PasswordChange {
  async function store(viewer: Viewer, { account, passwordHash: from }: LoginCandidate, to: string): Promise<number | null> {
    if (from === null) return null;
    const at = new Date(now());
    const ended = await passwords.change({
      accountId: account.id,
      from,
      to,
      at,
      reason: 'PASSWORD_CHANGED',
      except: viewer.sessionId,
      audit: [toAuditRow({ action: 'PASSWORD_CHANGED', ...byOwner(viewer) }, now)],
      mails: await mailer.rows('password-changed', { to: account.email, username: account.username }),
    });
    if (ended === null) return null;
    sessionEnder.haveEnded(ended, at);
    mailer.wake();
    return ended.length;
  }

  return {
    async change(viewer, { currentPassword, newPassword }) {
      if (viewer === null) throw unauthenticated();
      // Before anything is said about the new password: that would be for the owner alone as well.
      const verify = () => reauthentication.findByPassword(viewer, currentPassword, 'changePassword');
      let candidate = await verify();
      if (candidate === null) return { kind: 'InvalidCredentials' };
      const problem = await passwordPolicy.findProblem(newPassword, candidate.account, 'newPassword');
      if (problem !== null) return invalidInput([problem]);
      const hash = await hasher.hash(newPassword);
      for (let left = tries; left > 0 && candidate !== null; left -= 1) {
        const endedSessions = await store(viewer, candidate, hash);
        if (endedSessions !== null) return { kind: 'PasswordChanged', endedSessions };
        candidate = await verify();
      }
      return { kind: 'InvalidCredentials' };
    },
  };
}
