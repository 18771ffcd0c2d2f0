import { toOutboxRow } from '../../../shared/events/outbox/outbox.js';
import type { GuestRepository } from '../services/guests/guest-repository.js';
import { accountColumns, passwordKind, toAccount, usernameConstraint } from './account-repository.js';
import { isHeldUsername, refuseHeldUsername } from './held-username.js';
import { writeTokenMail } from './mail-tokens.js';
import type { AuthPrisma } from './prisma.js';
import { isUniqueViolation } from './unique-violation.js';

/** Thrown to roll a transaction back when the account is no guest any more. */
const alreadyLinked = new Error('the account is linked already');

export function createGuestRepository(prisma: AuthPrisma): GuestRepository {
  return {
    async findDevice(deviceIdHash) {
      const row = await prisma.guestDevice.findUnique({
        where: { deviceIdHash },
        select: { secretHash: true, account: { select: accountColumns } },
      });
      return row === null ? null : { secretHash: row.secretHash, account: toAccount(row.account) };
    },

    async find(accountId) {
      const row = await prisma.account.findUnique({ where: { id: accountId }, select: accountColumns });
      return row === null ? null : toAccount(row);
    },

    async link({ account, nameHash, passwordHash, at, events, audit, tokenMail }) {
      const { id: accountId, username, email } = account;
      try {
        await prisma.$transaction(async (tx) => {
          const linked = await tx.account.updateMany({
            where: { id: accountId, isGuest: true },
            data: {
              isGuest: false,
              username,
              usernameLower: username.toLowerCase(),
              email,
              emailLower: email?.toLowerCase() ?? null,
              emailVerifiedAt: null,
            },
          });
          if (linked.count === 0) throw alreadyLinked;
          await refuseHeldUsername(tx, { accountId, nameHash, at });
          await tx.usernameHold.deleteMany({ where: { nameHash } });
          const password = { secret: passwordHash, updatedAt: at };
          await tx.credential.upsert({
            // A guest who verified an address may have set one by a reset.
            where: { accountId_kind: { accountId, kind: passwordKind } },
            create: { accountId, kind: passwordKind, createdAt: at, ...password },
            update: password,
            select: { accountId: true },
          });
          await tx.outboxEvent.createMany({ data: events.map(toOutboxRow) });
          await tx.auditEvent.createMany({ data: [audit] });
          if (tokenMail !== null) await writeTokenMail(tx, tokenMail);
        });
        return 'linked';
      } catch (error) {
        if (error === alreadyLinked) return 'already-linked';
        if (isUniqueViolation(error, usernameConstraint) || isHeldUsername(error)) return 'username-taken';
        throw error;
      }
    },
  };
}
