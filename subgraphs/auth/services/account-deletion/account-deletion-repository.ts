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

/** Why an account may be erased, looked at once more when nobody else can change it. */
export type ErasureGround =
  | { readonly kind: 'requested' }
  /** Not seen after `since`, and without a session that was used after `idleSince` and has not ended. */
  | { readonly kind: 'guest-unseen'; readonly since: Date; readonly idleSince: Date };

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
  /** Guests for whom `ground` holds and nobody has asked to delete them, the oldest first, at most `limit`. */
  findUnseenGuests(at: Date, ground: ErasureGround & { kind: 'guest-unseen' }, limit: number): Promise<readonly DoomedAccount[]>;
  /**
   * Erases an account, all of it, with the event that announces it. False, with nothing changed, when another process is doing it, when
   * `ground` does not hold (any more), or when there is no such account.
   */
  erase(account: DoomedAccount, at: Date, ground: ErasureGround, remains: Remains): Promise<boolean>;
  /** Forgets published announcements about users whose deletion is published as well. */
  forgetAnnouncements(): Promise<void>;
}
