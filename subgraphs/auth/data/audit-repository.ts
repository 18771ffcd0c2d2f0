import { z } from 'zod';
import { takeOnce } from '../../../shared/events/outbox/inbox.js';
import { isAnyErased } from '../../../shared/users/erased-users.js';
import { roles } from '../../../shared/auth/role.js';
import type { AuditRepository, AuditRow } from '../services/audit/audit-log.js';
import { authSchema, type AuthPrisma } from './prisma.js';

export const auditColumns = {
  id: true,
  action: true,
  occurredAt: true,
  accountId: true,
  actorId: true,
  sessionId: true,
  details: true,
} as const;
const fact = z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())]);
const details = z.record(z.string(), fact);

export function toAuditEvent(row: Omit<AuditRow, 'details'> & { readonly details: unknown }): AuditRow {
  return { ...row, details: details.parse(row.details) };
}

export function createAuditRepository(prisma: AuthPrisma): AuditRepository {
  return {
    async add(rows) {
      await prisma.auditEvent.createMany({ data: [...rows] });
    },

    take: (eventId, row) =>
      prisma.$transaction(async (tx) => {
        if (!(await takeOnce(tx, authSchema, eventId))) return;
        const isErased = async (id: string | null) => id !== null && (await isAnyErased(tx, authSchema, [id]));
        const accountId = (await isErased(row.accountId)) ? null : row.accountId;
        const actor = (await isErased(row.actorId)) ? { actorId: null, sessionId: null } : {};
        await tx.auditEvent.createMany({ data: [{ ...row, accountId, ...actor }] });
      }),

    async list(accountId, { limit, after }) {
      const rows = await prisma.auditEvent.findMany({
        where: { accountId, ...(after === null ? {} : { id: { lt: after } }) },
        orderBy: { id: 'desc' },
        take: limit + 1,
        select: auditColumns,
      });
      return rows.map(toAuditEvent);
    },

    async rolesOf(accountId) {
      const account = await prisma.account.findUnique({ where: { id: accountId }, select: { roles: true, disabledAt: true } });
      return account?.disabledAt === null ? roles.filter((role) => account.roles.includes(role)) : [];
    },
  };
}
