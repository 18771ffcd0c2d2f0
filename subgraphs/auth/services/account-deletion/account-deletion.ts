import { v4 as uuidv4 } from 'uuid';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import { unauthenticated } from '../../../../shared/errors/app-error.js';
import { createDomainEvent } from '../../../../shared/events/domain-events.js';
import type { Logger } from '../../../../shared/logging/logger.js';
import { toAuditRow } from '../audit/audit-log.js';
import type { Mailer } from '../mail/mailer.js';
import type { Reauthentication } from '../passwords/reauthentication.js';
import type { SessionEnder } from '../sessions/session-ender.js';
import { usernameHoldMs, type UsernameHolds } from '../usernames/username-holds.js';
import type { AccountDeletionRepository, DoomedAccount } from './account-deletion-repository.js';

/** How long a deletion can be taken back, in ms. */
export const coolOffMs = 7 * 24 * 60 * 60_000;
const batchSize = 100;

type DeletionOutcome = { readonly kind: 'Scheduled'; readonly deletesAt: Date } | { readonly kind: 'InvalidCredentials' };

export interface AccountDeletion {
  /**
   * Deletes the viewer's account in seven days. Other sessions end at once; signing in still works, so that `cancel` can take it back.
   * A repetition changes nothing. Throws `UNAUTHENTICATED` for an anonymous viewer.
   */
  request(viewer: Viewer | null, password: string | null): Promise<DeletionOutcome>;
  /** Takes it back; harmless when there is nothing to take back. Answers whose account it is. Throws `UNAUTHENTICATED` as above. */
  cancel(viewer: Viewer | null): Promise<string>;
  /** Carries out what is due. Answers how many accounts this process erased. */
  carryOut(): Promise<number>;
}

export interface AccountDeletionOptions {
  readonly deletions: AccountDeletionRepository;
  readonly reauthentication: Reauthentication;
  readonly sessionEnder: Pick<SessionEnder, 'haveEnded'>;
  readonly holds: UsernameHolds;
  readonly mailer: Mailer;
  readonly wakeOutbox: () => void;
  readonly logger: Logger;
  readonly now?: () => number;
  /** Random, not in the order of time: it must not tell when the account was made. */
  readonly newPseudonym?: () => string;
}

export function createAccountDeletion(options: AccountDeletionOptions): AccountDeletion {
  const { deletions, reauthentication, sessionEnder, holds, mailer, wakeOutbox, logger } = options;
  const { now = Date.now, newPseudonym = uuidv4 } = options;

  async function erase(account: DoomedAccount): Promise<boolean> {
    const at = new Date(now());
    const pseudonym = newPseudonym();
    const { id: userId, legacyId, username, email } = account;
    const hasErased = await deletions.erase(account, at, {
      pseudonym,
      nameHash: holds.hashOf(username),
      heldUntil: new Date(at.getTime() + usernameHoldMs),
      event: createDomainEvent('user.deleted', { key: userId, now, payload: { userId, legacyId } }),
      audit: toAuditRow({ action: 'ACCOUNT_DELETED', accountId: pseudonym }, now),
      mails: await mailer.rows('account-deleted', { to: email, username }),
    });
    if (!hasErased) return false;
    // The event ends the sessions that are left: sessions takes it at once, and tells every process.
    wakeOutbox();
    mailer.wake();
    return true;
  }

  return {
    async request(viewer, password) {
      if (viewer === null) throw unauthenticated();
      const who = { accountId: viewer.userId, actorId: viewer.userId, sessionId: viewer.sessionId };
      if (!(await reauthentication.reauthenticate(viewer, password, 'deleteAccount'))) return { kind: 'InvalidCredentials' };
      const account = await deletions.find(viewer.userId);
      if (account === null) throw unauthenticated();
      const at = new Date(now());
      const deletesAt = new Date(at.getTime() + coolOffMs);
      const scheduled = await deletions.schedule({
        accountId: account.id,
        deletesAt,
        at,
        except: viewer.sessionId,
        audit: toAuditRow({ action: 'ACCOUNT_DELETION_SCHEDULED', ...who, details: { deletesAt: deletesAt.toISOString() } }, now),
        mails: await mailer.rows('account-deletion-scheduled', { to: account.email, username: account.username, deletesAt }),
      });
      if (scheduled === null) throw unauthenticated();
      sessionEnder.haveEnded(scheduled.endedSessions, at);
      mailer.wake();
      return { kind: 'Scheduled', deletesAt: scheduled.deletesAt };
    },

    async cancel(viewer) {
      if (viewer === null) throw unauthenticated();
      const accountId = viewer.userId;
      const audit = toAuditRow({ action: 'ACCOUNT_DELETION_CANCELLED', accountId, actorId: accountId, sessionId: viewer.sessionId }, now);
      if (!(await deletions.cancel({ accountId, audit }))) throw unauthenticated();
      return accountId;
    },

    async carryOut() {
      let erased = 0;
      const due = await deletions.findDue(new Date(now()), batchSize);
      for (const account of due) {
        try {
          if (await erase(account)) erased += 1;
        } catch (error) {
          // The others must not wait for it; the next run tries again.
          logger.error({ err: error }, 'an account that is due could not be erased');
        }
      }
      await deletions.forgetAnnouncements();
      return erased;
    },
  };
}
