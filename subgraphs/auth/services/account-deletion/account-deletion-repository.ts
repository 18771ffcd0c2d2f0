import type { DomainEvent } from '../../../../shared/events/event-bus.js';
import type { Account } from '../../data/account-repository.js';
import type { AuditRow } from '../audit/audit-log.js';
import type { MailRow } from '../mail/mailer.js';

/** What is needed of an account that is about to be erased. */
export interface DoomedAccount {
  readonly id: string;
  readonly legacyId: number;
  readonly username: string;
  readonly email: string | null;
}

/** What is left of an account: nothing that is about a person. */
interface Remains {
  /** Takes the place of the account's id in the audit log; made up, and kept nowhere else. */
  readonly pseudonym: string;
  readonly nameHash: string;
  readonly heldUntil: Date;
  readonly event: DomainEvent;
  readonly audit: AuditRow;
  readonly mails: readonly MailRow[];
}

export interface AccountDeletionRepository {
  find(accountId: string): Promise<Account | null>;
  /**
   * Sets when the account will be deleted, unless that is set already, and ends its sessions but `except`. Answers when it will be, and
   * which sessions ended; null when there is no such account.
   */
  schedule(schedule: {
    accountId: string;
    deletesAt: Date;
    at: Date;
    except: string;
    audit: AuditRow;
    mails: readonly MailRow[];
  }): Promise<{ readonly deletesAt: Date; readonly endedSessions: readonly string[] } | null>;
  /** Nothing happens when nothing was scheduled. False when there is no such account. */
  cancel(cancellation: { accountId: string; audit: AuditRow }): Promise<boolean>;
  /** Accounts whose time has come, the longest due first, at most `limit`. */
  findDue(at: Date, limit: number): Promise<readonly DoomedAccount[]>;
  /**
   * Erases an account whose time has come, all of it, with the event that announces it. False, with nothing changed, when another process
   * is doing it, when it was taken back, or when there is no such account.
   */
  erase(account: DoomedAccount, at: Date, remains: Remains): Promise<boolean>;
  /** Forgets published announcements about users whose deletion is published as well. */
  forgetAnnouncements(): Promise<void>;
}
