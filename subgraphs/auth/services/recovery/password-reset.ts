import { AppError } from '../../../../shared/errors/app-error.js';
import { invalidInput, type InvalidInput } from '../../../../shared/errors/invalid-input.js';
import type { Account, AccountRepository } from '../../data/account-repository.js';
import type { RecoveryRepository } from '../../data/recovery-repository.js';
import { toLoginIdentifier } from '../accounts/login-identifier.js';
import { toAuditRow } from '../audit/audit-log.js';
import { hashMailToken, tidyMailToken } from '../mail/mail-token.js';
import type { Mailer } from '../mail/mailer.js';
import type { TokenMails } from '../mail/token-mails.js';
import type { PasswordHasher } from '../passwords/password-hasher.js';
import type { PasswordPolicy } from '../passwords/password-policy.js';
import type { SessionEnder } from '../sessions/session-ender.js';
import type { Throttles } from '../throttling/throttles.js';
import type { BackgroundWork } from './background-work.js';

export interface InvalidToken {
  readonly kind: 'InvalidToken';
}

export type PasswordResetOutcome = { readonly kind: 'PasswordReset'; readonly endedSessions: number } | InvalidToken | InvalidInput;

export interface PasswordReset {
  /**
   * Mails a token to the verified address of the account that `identifier` signs in to, if there is one. Answers before it has looked for
   * any. Throws a `RATE_LIMITED` `AppError` when asked too often, `UNAVAILABLE` when too many ask.
   */
  request(request: { identifier: string; clientIp: string | null }): Promise<void>;
  /**
   * Sets the password, ends all sessions and voids all other tokens, in one transaction. Signs nobody in: whoever has a second factor is
   * asked for it as ever (SECURITY 8). A password that breaks a rule costs no token.
   */
  reset(reset: { token: string; newPassword: string; clientIp: string | null }): Promise<PasswordResetOutcome>;
}

export interface PasswordResetOptions {
  readonly accounts: Pick<AccountRepository, 'findForLogin'>;
  readonly recovery: RecoveryRepository;
  readonly tokenMails: TokenMails;
  readonly mailer: Mailer;
  readonly hasher: Pick<PasswordHasher, 'hash'>;
  readonly passwordPolicy: PasswordPolicy;
  readonly sessionEnder: Pick<SessionEnder, 'haveEnded'>;
  readonly throttles: Pick<Throttles, 'beforeMail' | 'perNetwork'>;
  readonly background: BackgroundWork;
  readonly now?: () => number;
}

const invalidToken: InvalidToken = { kind: 'InvalidToken' };
/** In place of an account, so that the work is the same when there is none. */
const nobody = { id: '00000000-0000-0000-0000-000000000000', username: 'nobody' };

export function createPasswordReset({
  accounts,
  recovery,
  tokenMails,
  mailer,
  hasher,
  passwordPolicy,
  sessionEnder,
  throttles,
  background,
  now = Date.now,
}: PasswordResetOptions): PasswordReset {
  async function mailToken(identifier: string): Promise<void> {
    const login = toLoginIdentifier(identifier);
    const account = login === null ? null : ((await accounts.findForLogin(login))?.account ?? null);
    const recipient = account === null ? null : addressOf(account);
    const made = await tokenMails.prepare('password-reset', account ?? nobody, recipient ?? 'nobody@invalid');
    const audit = [toAuditRow({ action: 'PASSWORD_RESET_REQUESTED', accountId: account?.id }, now)];
    await recovery.write({ tokenMail: recipient === null ? null : made, audit });
    mailer.wake();
  }

  return {
    async request({ identifier, clientIp }) {
      await throttles.beforeMail('password-reset', { recipient: identifier, clientIp });
      if (!background.start(() => mailToken(identifier))) {
        throw new AppError('UNAVAILABLE', 'Too many ask for a new password right now. Try again shortly.', { retryAfter: 10 });
      }
    },

    async reset({ token: typed, newPassword, clientIp }) {
      await throttles.perNetwork('mailed tokens', clientIp);
      const token = tidyMailToken(typed);
      if (token === null) return invalidToken;
      const hash = hashMailToken(token);
      const found = await recovery.findAccount({ hash, purpose: 'password-reset', at: new Date(now()) });
      if (found === null) return invalidToken;
      const { account, emailLower } = found;
      const problem = await passwordPolicy.findProblem(newPassword, account, 'newPassword');
      if (problem !== null) return invalidInput([problem]);

      const passwordHash = await hasher.hash(newPassword);
      const at = new Date(now());
      const ended = await recovery.resetPassword({
        hash,
        accountId: account.id,
        emailLower,
        at,
        passwordHash,
        audit: [toAuditRow({ action: 'PASSWORD_RESET', accountId: account.id }, now)],
        mails: await mailer.rows('password-changed', { to: account.email, username: account.username }),
      });
      if (ended === null) return invalidToken;
      sessionEnder.haveEnded(ended, at);
      mailer.wake();
      return { kind: 'PasswordReset', endedSessions: ended.length };
    },
  };
}

/** Where a token may go: only to an address that was proved to be the account's, and to nobody who could not sign in with it. */
function addressOf({ email, emailVerifiedAt, disabledAt }: Account): string | null {
  return emailVerifiedAt === null || disabledAt !== null ? null : email;
}
