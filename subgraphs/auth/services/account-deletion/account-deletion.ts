import type { Viewer } from '../../../../shared/auth/viewer.js';
import { unauthenticated } from '../../../../shared/errors/app-error.js';
import { byOwner, toAuditRow } from '../audit/audit-log.js';
import type { Mailer } from '../mail/mailer.js';
import type { Reauthentication } from '../passwords/reauthentication.js';
import type { SessionEnder } from '../sessions/session-ender.js';
import type { AccountDeletionRepository } from './account-deletion-repository.js';
import type { AccountEraser } from './account-eraser.js';

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
  readonly eraser: AccountEraser;
  readonly mailer: Mailer;
  readonly now?: () => number;
}

export function createAccountDeletion(options: AccountDeletionOptions): AccountDeletion {
  const { deletions, reauthentication, sessionEnder, eraser, mailer, now = Date.now } = options;

  return {
    async request(viewer, password) {
      if (viewer === null) throw unauthenticated();
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
        audit: toAuditRow(
          { action: 'ACCOUNT_DELETION_SCHEDULED', ...byOwner(viewer), details: { deletesAt: deletesAt.toISOString() } },
          now,
        ),
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
      const audit = toAuditRow({ action: 'ACCOUNT_DELETION_CANCELLED', ...byOwner(viewer) }, now);
      if (!(await deletions.cancel({ accountId, audit }))) throw unauthenticated();
      return accountId;
    },

    async carryOut() {
      const due = await deletions.findDue(new Date(now()), batchSize);
      const erased = await eraser.eraseAll(due, { kind: 'requested' });
      await deletions.forgetAnnouncements();
      return erased;
    },
  };
}
