import { toOutboxRow } from '../../../shared/events/outbox/outbox.js';
import { eraseRelations } from '../../../shared/users/relation-table.js';
import { Prisma } from '../__generated__/prisma/client.js';
import type { AccountDeletionRepository, DoomedAccount, ErasureGround } from '../services/account-deletion/account-deletion-repository.js';
import { accountColumns, toAccount } from './account-repository.js';
import { authSchema, type AuthPrisma, type AuthTransaction } from './prisma.js';
import { revokeAllFamilies } from './refresh-family-repository.js';
import { timestamp } from './remove-in-batches.js';

export function createAccountDeletionRepository(prisma: AuthPrisma): AccountDeletionRepository {
  return {
    async find(accountId) {
      const row = await prisma.account.findUnique({ where: { id: accountId }, select: accountColumns });
      return row === null ? null : toAccount(row);
    },

    schedule: ({ accountId, deletesAt, at, except, audit, mails }) =>
      prisma.$transaction(async (tx) => {
        const scheduled = await tx.account.updateMany({ where: { id: accountId, deletesAt: null }, data: { deletesAt } });
        if (scheduled.count === 0) {
          const account = await tx.account.findUnique({ where: { id: accountId }, select: { deletesAt: true } });
          return account === null ? null : { deletesAt: account.deletesAt ?? deletesAt, endedSessions: [] };
        }
        const endedSessions = await revokeAllFamilies(tx, { accountId, at, reason: 'DELETED', except });
        await tx.auditEvent.createMany({ data: [audit] });
        await tx.mail.createMany({ data: [...mails] });
        return { deletesAt, endedSessions };
      }),

    cancel: ({ accountId, audit }) =>
      prisma.$transaction(async (tx) => {
        const cancelled = await tx.account.updateMany({ where: { id: accountId, deletesAt: { not: null } }, data: { deletesAt: null } });
        if (cancelled.count === 0) return (await tx.account.count({ where: { id: accountId } })) > 0;
        await tx.auditEvent.createMany({ data: [audit] });
        return true;
      }),

    findDue: (at, limit) =>
      prisma.account.findMany({
        where: { deletesAt: { lte: at } },
        orderBy: { deletesAt: 'asc' },
        take: limit,
        select: { id: true, legacyId: true, username: true, email: true },
      }),

    findUnseenGuests: (at, ground, limit) =>
      prisma.$queryRaw<DoomedAccount[]>`
        SELECT id, legacy_id AS "legacyId", username, email FROM auth.account
        WHERE deletes_at IS NULL AND ${isUnseenGuest(at, ground)} ORDER BY created_at LIMIT ${limit}::int`,

    erase: ({ id, username }, at, ground, { pseudonym, nameHash, heldUntil, event, audit, mails }) =>
      prisma.$transaction(async (tx) => {
        // Only one process takes it; a new name, a link to credentials or a sign-in at the same moment holds the row and wins.
        const taken = await tx.$queryRaw<unknown[]>`
          SELECT 1 FROM auth.account WHERE id = ${id}::uuid AND username = ${username} FOR UPDATE SKIP LOCKED`;
        if (taken.length === 0) return false;
        // In a statement of its own, which sees what was done before the row was free.
        const holds = ground.kind === 'requested' ? Prisma.sql`deletes_at <= ${timestamp(at)}` : isUnseenGuest(at, ground);
        const due = await tx.$queryRaw<unknown[]>`SELECT 1 FROM auth.account WHERE id = ${id}::uuid AND ${holds}`;
        if (due.length === 0) return false;
        // First, so that no event that names them comes between it and the rest.
        await eraseRelations(tx, authSchema, id);
        await eraseFromAudit(tx, id, pseudonym);
        await tx.passkeyCeremony.deleteMany({ where: { accountId: id } });
        await tx.usernameHold.updateMany({ where: { accountId: id }, data: { accountId: null } });
        const hold = { accountId: null, heldUntil };
        await tx.usernameHold.upsert({ where: { nameHash }, create: { nameHash, ...hold }, update: hold });
        // Everything else of the account goes with its row.
        await tx.account.deleteMany({ where: { id } });
        await tx.auditEvent.createMany({ data: [audit] });
        await tx.mail.createMany({ data: [...mails] });
        await tx.outboxEvent.createMany({ data: [toOutboxRow(event)] });
        return true;
      }),

    async forgetAnnouncements() {
      await prisma.$executeRaw`
        DELETE FROM auth.outbox_event USING auth.outbox_event AS deletion
        WHERE deletion.type = 'user.deleted' AND deletion.published_at IS NOT NULL
          AND outbox_event.key = deletion.key AND outbox_event.published_at IS NOT NULL`;
    },
  };
}

/** Of a row of `auth.account`. The last session of a guest is kept for it (`removeStale` in refresh-family-repository.ts). */
function isUnseenGuest(at: Date, { since, idleSince }: ErasureGround & { kind: 'guest-unseen' }): Prisma.Sql {
  return Prisma.sql`is_guest AND disabled_at IS NULL AND created_at <= ${timestamp(since)} AND NOT EXISTS (
    SELECT 1 FROM auth.refresh_family AS family WHERE family.account_id = account.id AND (
      family.last_used_at > ${timestamp(since)}
      OR family.revoked_at IS NULL AND family.expires_at > ${timestamp(at)} AND family.last_used_at > ${timestamp(idleSince)}))`;
}

/**
 * Leaves in the audit log what happened and when, and no more. The trigger on the table refuses any other change of it, and this one
 * without the setting, which ends with the transaction.
 */
async function eraseFromAudit(tx: AuthTransaction, accountId: string, pseudonym: string): Promise<void> {
  await tx.$executeRaw`SELECT set_config('galaxia.erased_account', ${accountId}, true)`;
  await tx.$executeRaw`
    UPDATE auth.audit_event SET
      account_id = CASE WHEN account_id = ${accountId}::uuid THEN ${pseudonym}::uuid ELSE account_id END,
      details = CASE WHEN account_id = ${accountId}::uuid THEN '{}'::jsonb ELSE details END,
      actor_id = CASE WHEN actor_id = ${accountId}::uuid THEN ${pseudonym}::uuid ELSE actor_id END,
      session_id = CASE WHEN actor_id = ${accountId}::uuid THEN NULL ELSE session_id END
    WHERE account_id = ${accountId}::uuid OR actor_id = ${accountId}::uuid`;
}
