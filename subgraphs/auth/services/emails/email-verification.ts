import type { Viewer } from '../../../../shared/auth/viewer.js';
import { unauthenticated } from '../../../../shared/errors/app-error.js';
import type { AccountRepository } from '../../data/account-repository.js';
import type { RecoveryRepository } from '../../data/recovery-repository.js';
import { byOwner, toAuditRow } from '../audit/audit-log.js';
import { hashMailToken, tidyMailToken } from '../mail/mail-token.js';
import type { Mailer } from '../mail/mailer.js';
import type { TokenMails } from '../mail/token-mails.js';
import type { InvalidToken } from '../recovery/password-reset.js';
import type { Throttles } from '../throttling/throttles.js';

export type EmailVerificationOutcome =
  { readonly kind: 'EmailVerified'; readonly userId: string } | { readonly kind: 'EmailTaken' } | InvalidToken;

export interface EmailVerification {
  /**
   * Mails the viewer another token, when they have an address that is not verified. Throws an `UNAUTHENTICATED` `AppError` for an
   * anonymous viewer, `RATE_LIMITED` when asked too often.
   */
  request(viewer: Viewer | null, clientIp: string | null): Promise<void>;
  /** Whoever has the token has read the mail: nobody needs to be signed in. Of several accounts with one address the first wins. */
  verify(verification: { token: string; clientIp: string | null }): Promise<EmailVerificationOutcome>;
}

export interface EmailVerificationOptions {
  readonly accounts: Pick<AccountRepository, 'findByIds'>;
  readonly recovery: Pick<RecoveryRepository, 'findAccount' | 'verifyEmail' | 'write'>;
  readonly tokenMails: TokenMails;
  readonly mailer: Mailer;
  readonly throttles: Pick<Throttles, 'beforeMail' | 'perNetwork'>;
  readonly now?: () => number;
}

const invalidToken: InvalidToken = { kind: 'InvalidToken' };

export function createEmailVerification({
  accounts,
  recovery,
  tokenMails,
  mailer,
  throttles,
  now = Date.now,
}: EmailVerificationOptions): EmailVerification {
  return {
    async request(viewer, clientIp) {
      if (viewer === null) throw unauthenticated();
      await throttles.beforeMail('email-verification', { recipient: viewer.userId, clientIp });
      const [account] = await accounts.findByIds([viewer.userId]);
      if (account === undefined) throw unauthenticated();
      if (account.emailVerifiedAt !== null || account.email === null) return;
      const tokenMail = await tokenMails.prepare('email-verification', account, account.email);
      await recovery.write({
        tokenMail,
        audit: [toAuditRow({ action: 'EMAIL_VERIFICATION_REQUESTED', ...byOwner(viewer) }, now)],
      });
      mailer.wake();
    },

    async verify({ token: typed, clientIp }) {
      await throttles.perNetwork('mailed tokens', clientIp);
      const token = tidyMailToken(typed);
      if (token === null) return invalidToken;
      const at = new Date(now());
      const hash = hashMailToken(token);
      const found = await recovery.findAccount({ hash, purpose: 'email-verification', at });
      if (found === null) return invalidToken;
      const userId = found.account.id;
      const outcome = await recovery.verifyEmail({
        hash,
        accountId: userId,
        emailLower: found.emailLower,
        at,
        audit: [toAuditRow({ action: 'EMAIL_VERIFIED', accountId: userId }, now)],
        mails: [],
      });
      switch (outcome) {
        case 'verified':
          return { kind: 'EmailVerified', userId };
        case 'taken':
          return { kind: 'EmailTaken' };
        case 'void':
          return invalidToken;
      }
    },
  };
}
