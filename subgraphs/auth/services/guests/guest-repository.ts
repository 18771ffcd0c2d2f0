import type { DomainEvent } from '../../../../shared/events/event-bus.js';
import type { Account } from '../../data/account-repository.js';
import type { AuditRow } from '../audit/audit-log.js';
import type { TokenMail } from '../mail/token-mails.js';

interface GuestDevice {
  readonly account: Account;
  readonly secretHash: string;
}

interface GuestLink {
  /** As the account will be. */
  readonly account: Account;
  readonly nameHash: string;
  /** PHC string. */
  readonly passwordHash: string;
  readonly at: Date;
  readonly events: readonly DomainEvent[];
  readonly audit: AuditRow;
  readonly tokenMail: TokenMail | null;
}

export interface GuestRepository {
  findDevice(deviceIdHash: string): Promise<GuestDevice | null>;
  /** Null when there is no such account. */
  find(accountId: string): Promise<Account | null>;
  /** Name, address, password, events, audit and mails, all or nothing. */
  link(link: GuestLink): Promise<'linked' | 'username-taken' | 'already-linked'>;
}
