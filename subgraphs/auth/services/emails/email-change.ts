import type { Viewer } from '../../../../shared/auth/viewer.js';
import { unauthenticated } from '../../../../shared/errors/app-error.js';
import { invalidInput, type InvalidInput } from '../../../../shared/errors/invalid-input.js';
import type { Account, AccountRepository } from '../../data/account-repository.js';
import type { RecoveryRepository } from '../../data/recovery-repository.js';
import { findEmailProblem, tidyEmail } from '../accounts/email.js';
import { visibleToOwner, type VisibleUser } from '../accounts/visible-user.js';
import { byOwner, toAuditRow } from '../audit/audit-log.js';
import type { Mailer } from '../mail/mailer.js';
import type { TokenMails } from '../mail/token-mails.js';
import type { Reauthentication } from '../passwords/reauthentication.js';
import type { InvalidCredentials } from '../sessions/sign-in.js';
import type { Throttles } from '../throttling/throttles.js';

export type EmailChangeOutcome = { readonly kind: 'EmailChanged'; readonly user: VisibleUser } | InvalidCredentials | InvalidInput;

export interface EmailChange {
  /**
   * Sets the viewer's address, not verified yet, and mails a token to it; null takes the address away. A verified address that is
   * replaced gets a notice. Answers alike whether or not the new one is known. Throws an `UNAUTHENTICATED` `AppError` for an anonymous
   * viewer.
   */
  change(
    viewer: Viewer | null,
    change: { email?: string | null | undefined; password: string; clientIp: string | null },
  ): Promise<EmailChangeOutcome>;
}

export interface EmailChangeOptions {
  readonly accounts: Pick<AccountRepository, 'findByIds'>;
  readonly recovery: Pick<RecoveryRepository, 'changeEmail'>;
  readonly reauthentication: Reauthentication;
  readonly tokenMails: TokenMails;
  readonly mailer: Mailer;
  readonly throttles: Pick<Throttles, 'beforeMail'>;
  readonly now?: () => number;
}

export function createEmailChange({
  accounts,
  recovery,
  reauthentication,
  tokenMails,
  mailer,
  throttles,
  now = Date.now,
}: EmailChangeOptions): EmailChange {
  /** Null when another request changed the address meanwhile. */
  async function replace(viewer: Viewer, account: Account, email: string | null): Promise<Account | null> {
    const isSpelling = email !== null && account.email?.toLowerCase() === email.toLowerCase();
    const keepsVerification = isSpelling && account.emailVerifiedAt !== null;
    const { id: accountId, username } = account;
    const tokenMail = await tokenMails.prepare('email-verification', account, keepsVerification ? null : email);
    // One that was never proved to be theirs may be a stranger's, mistyped.
    const previous = account.emailVerifiedAt !== null && !isSpelling ? account.email : null;
    const notice = await mailer.rows('email-changed', { to: previous, username, email });
    const isChanged = await recovery.changeEmail({
      accountId,
      from: account.email,
      to: email,
      keepsVerification,
      at: new Date(now()),
      tokenMail,
      mails: notice,
      audit: [toAuditRow({ action: 'EMAIL_CHANGED', ...byOwner(viewer) }, now)],
    });
    if (!isChanged) return null;
    mailer.wake();
    return { ...account, email, emailVerifiedAt: keepsVerification ? account.emailVerifiedAt : null };
  }

  return {
    async change(viewer, { password, clientIp, ...input }) {
      if (viewer === null) throw unauthenticated();
      const email = tidyEmail(input.email);
      const problem = email === null ? null : findEmailProblem(email);
      if (problem !== null) return invalidInput([problem]);
      if (!(await reauthentication.reauthenticate(viewer, password, 'changeEmail'))) return { kind: 'InvalidCredentials' };
      if (email !== null) await throttles.beforeMail('email-verification', { recipient: viewer.userId, clientIp });
      for (;;) {
        const [account] = await accounts.findByIds([viewer.userId]);
        if (account === undefined) throw unauthenticated();
        const changed = account.email === email ? account : await replace(viewer, account, email);
        if (changed !== null) return { kind: 'EmailChanged', user: visibleToOwner(changed) };
      }
    },
  };
}
