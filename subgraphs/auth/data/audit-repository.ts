import { z } from 'zod';
import { roles } from '../../../shared/auth/role.js';
import type { AuditRepository, AuditRow } from '../services/audit/audit-log.js';
import type { AuthPrisma } from './prisma.js';

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
