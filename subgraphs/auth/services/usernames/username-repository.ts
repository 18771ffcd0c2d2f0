import type { DomainEvent } from '../../../../shared/events/event-bus.js';
import type { Account } from '../../data/account-repository.js';
import type { AuditRow } from '../audit/audit-log.js';
import type { MailRow } from '../mail/mailer.js';

interface UsernameOwner {
  readonly account: Account;
  /** When the name was last changed by more than its capitals; null for never. */
  readonly changedAt: Date | null;
}

interface UsernameChange {
  readonly accountId: string;
  /** The name as it stands; when it is another by now, nothing is changed. */
  readonly from: string;
  readonly to: string;
  readonly at: Date;
  /** What becomes of the old name; null when only capitals change. */
  readonly hold: { readonly previousHash: string; readonly nameHash: string; readonly until: Date } | null;
  readonly events: readonly DomainEvent[];
  readonly audit: AuditRow;
  readonly mails: readonly MailRow[];
}

export interface UsernameRepository {
  /** Null when there is no such account. */
  find(accountId: string): Promise<UsernameOwner | null>;
  /** Whether the name could be taken by `accountId` (null: by a newcomer) at this moment. */
  isFree(name: { username: string; nameHash: string; accountId: string | null; at: Date }): Promise<boolean>;
  /** Name, hold on the old one, events, audit and mails, all or nothing. `gone` when the account or its name is another by now. */
  change(change: UsernameChange): Promise<'changed' | 'taken' | 'gone'>;
  /** Forgets holds that ended before `time`. */
  removeEndedHolds(time: Date): Promise<void>;
}
