import type { AuditRow } from '../services/audit/audit-log.js';
import type { MailRow } from '../services/mail/mailer.js';
import { voidMailTokens } from './mail-tokens.js';
import type { AuthPrisma, AuthTransaction } from './prisma.js';
import { revokeAllFamilies, type EndReason } from './refresh-family-repository.js';

/** One hash instead of another, as a compare-and-swap. */
export interface HashReplacement {
  readonly accountId: string;
  readonly from: string;
  readonly to: string;
}

export interface PasswordChangeRecord extends HashReplacement {
  readonly at: Date;
  readonly reason: EndReason;
  /** Id of the session that stays. */
  readonly except: string;
  readonly audit: readonly AuditRow[];
  readonly mails: readonly MailRow[];
}

export interface PasswordRepository {
  /** The same password under a new hash. False, with nothing changed, when its hash is not `from` any more. */
  rehash(replacement: HashReplacement): Promise<boolean>;
  /**
   * Another password, with all that follows: other sessions and open second steps end. Answers the ids of the sessions that ended, or null,
   * with nothing changed, when the hash is not `from` any more.
   */
  change(change: PasswordChangeRecord): Promise<readonly string[] | null>;
}

const passwordKind = 'password';

async function swap(tx: AuthTransaction, { accountId, from, to }: HashReplacement, updatedAt?: Date): Promise<boolean> {
  const { count } = await tx.credential.updateMany({
    where: { accountId, kind: passwordKind, secret: from },
    data: { secret: to, ...(updatedAt === undefined ? {} : { updatedAt }) },
  });
  return count === 1;
}

/** Voids the second steps that wait for a code: they were opened by a password that is good no more. */
export async function voidMfaChallenges(tx: AuthTransaction, accountId: string, at: Date): Promise<void> {
  await tx.mfaChallenge.updateMany({ where: { accountId, usedAt: null }, data: { usedAt: at } });
}

/** Devices that the account began on as a guest sign in to it until its password is changed: whoever changes it means all other ways in. */
export async function forgetGuestDevices(tx: AuthTransaction, accountId: string): Promise<void> {
  await tx.guestDevice.deleteMany({ where: { accountId } });
}

export function createPasswordRepository(prisma: AuthPrisma): PasswordRepository {
  return {
    // Leaves `updated_at`, which says when the password was changed.
    rehash: (replacement) => swap(prisma, replacement),

    change: ({ at, reason, except, audit, mails, ...replacement }) =>
      prisma.$transaction(async (tx) => {
        const { accountId } = replacement;
        if (!(await swap(tx, replacement, at))) return null;
        await voidMfaChallenges(tx, accountId, at);
        await voidMailTokens(tx, { accountId, at, purpose: 'password-reset' });
        await forgetGuestDevices(tx, accountId);
        const ended = await revokeAllFamilies(tx, { accountId, at, reason, except });
        await tx.auditEvent.createMany({ data: [...audit] });
        await tx.mail.createMany({ data: [...mails] });
        return ended;
      }),
  };
}
