import type { Logger } from '../../../../shared/logging/logger.js';
import type { AccountRepository } from '../../data/account-repository.js';
import type { RecoveryRepository } from '../../data/recovery-repository.js';
import { createEmailChange, type EmailChange } from '../emails/email-change.js';
import { createEmailVerification, type EmailVerification } from '../emails/email-verification.js';
import type { Mailer } from '../mail/mailer.js';
import type { TokenMails } from '../mail/token-mails.js';
import type { PasswordHasher } from '../passwords/password-hasher.js';
import type { PasswordPolicy } from '../passwords/password-policy.js';
import type { Reauthentication } from '../passwords/reauthentication.js';
import type { SessionEnder } from '../sessions/session-ender.js';
import type { Throttles } from '../throttling/throttles.js';
import { createBackgroundWork } from './background-work.js';
import { createPasswordReset, type PasswordReset } from './password-reset.js';

/** What mails a token, and what a mailed token opens. */
export interface RecoveryServices {
  readonly passwordReset: PasswordReset;
  readonly emailChange: EmailChange;
  readonly emailVerification: EmailVerification;
}

export interface RecoveryServiceOptions {
  readonly accounts: Pick<AccountRepository, 'findForLogin' | 'findByIds'>;
  readonly recovery: RecoveryRepository;
  readonly tokenMails: TokenMails;
  readonly mailer: Mailer;
  readonly hasher: PasswordHasher;
  readonly passwordPolicy: PasswordPolicy;
  readonly reauthentication: Reauthentication;
  readonly sessionEnder: SessionEnder;
  readonly throttles: Throttles;
  readonly logger: Logger;
  readonly now: () => number;
}

/** `close` waits for the requests that have been answered and not yet carried out: close it before the mails and the database. */
export function composeRecovery({ logger, ...options }: RecoveryServiceOptions): { services: RecoveryServices; close(): Promise<void> } {
  const background = createBackgroundWork({ logger });
  return {
    services: {
      passwordReset: createPasswordReset({ ...options, background }),
      emailChange: createEmailChange(options),
      emailVerification: createEmailVerification(options),
    },
    close: () => background.close(),
  };
}
