import { v4 as uuidv4 } from 'uuid';
import { createDomainEvent } from '../../../../shared/events/domain-events.js';
import type { Logger } from '../../../../shared/logging/logger.js';
import { toAuditRow } from '../audit/audit-log.js';
import type { Mailer } from '../mail/mailer.js';
import { usernameHoldMs, type UsernameHolds } from '../usernames/username-holds.js';
import type { AccountDeletionRepository, DoomedAccount, ErasureGround } from './account-deletion-repository.js';

export interface AccountEraser {
  /** Erases those of `accounts` for whom `ground` still holds, one after the other. Answers how many this process erased. */
  eraseAll(accounts: readonly DoomedAccount[], ground: ErasureGround): Promise<number>;
}

export interface AccountEraserOptions {
  readonly deletions: Pick<AccountDeletionRepository, 'erase'>;
  readonly holds: UsernameHolds;
  readonly mailer: Mailer;
  readonly wakeOutbox: () => void;
  readonly logger: Logger;
  readonly now?: () => number;
  /** Random, not in the order of time: it must not tell when the account was made. */
  readonly newPseudonym?: () => string;
}

export function createAccountEraser(options: AccountEraserOptions): AccountEraser {
  const { deletions, holds, mailer, wakeOutbox, logger, now = Date.now, newPseudonym = uuidv4 } = options;

  async function erase(account: DoomedAccount, ground: ErasureGround): Promise<boolean> {
    const at = new Date(now());
    const pseudonym = newPseudonym();
    const { id: userId, legacyId, username, email } = account;
    const hasErased = await deletions.erase(account, at, ground, {
      pseudonym,
      nameHash: holds.hashOf(username),
      heldUntil: new Date(at.getTime() + usernameHoldMs),
      event: createDomainEvent('user.deleted', { key: userId, now, payload: { userId, legacyId } }),
      audit: toAuditRow({ action: 'ACCOUNT_DELETED', accountId: pseudonym, details: { ground: ground.kind } }, now),
      mails: await mailer.rows('account-deleted', { to: email, username }),
    });
    if (!hasErased) return false;
    // The event ends the sessions that are left: sessions takes it at once, and tells every process.
    wakeOutbox();
    mailer.wake();
    return true;
  }

  return {
    async eraseAll(accounts, ground) {
      let erased = 0;
      for (const account of accounts) {
        try {
          if (await erase(account, ground)) erased += 1;
        } catch (error) {
          // The others must not wait for it; the next run tries again.
          logger.error({ err: error }, 'an account that is due could not be erased');
        }
      }
      return erased;
    },
  };
}
