import type { AuditRow } from '../services/audit/audit-log.js';
import type { MailRow } from '../services/mail/mailer.js';

/** What is written along with a change, in its transaction. */
export interface Traces {
  readonly audit: readonly AuditRow[];
  readonly mails: readonly MailRow[];
}
