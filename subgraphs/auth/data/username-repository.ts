import { toOutboxRow } from '../../../shared/events/outbox/outbox.js';
import { Prisma } from '../__generated__/prisma/client.js';
import type { UsernameRepository } from '../services/usernames/username-repository.js';
import { accountColumns, toAccount, usernameConstraint } from './account-repository.js';
import { isHeldUsername, refuseHeldUsername } from './held-username.js';
import type { AuthPrisma } from './prisma.js';
import { removeInBatches, timestamp } from './remove-in-batches.js';
import { isUniqueViolation } from './unique-violation.js';

/** Thrown to roll a transaction back when the account is not as it was read. */
const gone = new Error('the account is gone or renamed');

export function createUsernameRepository(prisma: AuthPrisma): UsernameRepository {
  return {
    async find(accountId) {
      const row = await prisma.account.findUnique({
        where: { id: accountId },
        select: { ...accountColumns, usernameChangedAt: true },
      });
      return row === null ? null : { account: toAccount(row), changedAt: row.usernameChangedAt };
    },

    async isFree({ username, nameHash, accountId, at }) {
      const [owners, holds] = await prisma.$transaction([
        prisma.account.count({ where: { usernameLower: username.toLowerCase() } }),
        prisma.usernameHold.findMany({ where: { nameHash, heldUntil: { gt: at } }, select: { accountId: true } }),
      ]);
      return owners === 0 && holds.every((hold) => hold.accountId !== null && hold.accountId === accountId);
    },

    async change({ accountId, from, to, at, hold, events, audit, mails }) {
      try {
        await prisma.$transaction(async (tx) => {
          const renamed = await tx.account.updateMany({
            where: { id: accountId, username: from },
            data: { username: to, usernameLower: to.toLowerCase(), ...(hold === null ? {} : { usernameChangedAt: at }) },
          });
          if (renamed.count === 0) throw gone;
          if (hold !== null) {
            const { nameHash, previousHash, until } = hold;
            await refuseHeldUsername(tx, { accountId, nameHash, at });
            await tx.usernameHold.deleteMany({ where: { nameHash } });
            const held = { accountId, heldUntil: until };
            await tx.usernameHold.upsert({ where: { nameHash: previousHash }, create: { nameHash: previousHash, ...held }, update: held });
          }
          await tx.outboxEvent.createMany({ data: events.map(toOutboxRow) });
          await tx.auditEvent.createMany({ data: [audit] });
          await tx.mail.createMany({ data: [...mails] });
        });
        return 'changed';
      } catch (error) {
        if (error === gone) return 'gone';
        if (isUniqueViolation(error, usernameConstraint) || isHeldUsername(error)) return 'taken';
        throw error;
      }
    },

    async removeEndedHolds(time) {
      await removeInBatches(prisma, 'username_hold', Prisma.sql`held_until < ${timestamp(time)}`);
    },
  };
}
