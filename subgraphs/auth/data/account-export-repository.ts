import type { AccountExportRepository } from '../services/account-deletion/account-export.js';
import { accountColumns, toAccount } from './account-repository.js';
import { auditColumns, toAuditEvent } from './audit-repository.js';
import type { AuthPrisma } from './prisma.js';

export function createAccountExportRepository(prisma: AuthPrisma): AccountExportRepository {
  return {
    async read(accountId) {
      const row = await prisma.account.findUnique({
        where: { id: accountId },
        select: {
          ...accountColumns,
          usernameChangedAt: true,
          credentials: { select: { kind: true, createdAt: true, updatedAt: true } },
          totp: { select: { confirmedAt: true } },
          passkeys: { select: { name: true, createdAt: true, lastUsedAt: true } },
          devices: { select: { createdAt: true } },
          knownDevices: { select: { firstAt: true, lastAt: true } },
          families: {
            orderBy: { createdAt: 'asc' },
            select: {
              id: true,
              device: true,
              amr: true,
              createdAt: true,
              lastUsedAt: true,
              revokedAt: true,
              revokedReason: true,
            },
          },
          _count: { select: { recoveryCodes: { where: { usedAt: null } } } },
        },
      });
      if (row === null) return null;
      const events = await prisma.auditEvent.findMany({ where: { accountId }, orderBy: { id: 'asc' }, select: auditColumns });
      const { isGuest, disabledAt: _forModerators, ...account } = toAccount(row);
      return {
        ...account,
        guest: isGuest,
        usernameChangedAt: row.usernameChangedAt,
        credentials: row.credentials,
        authenticatorApp: row.totp,
        recoveryCodesLeft: row._count.recoveryCodes,
        passkeys: row.passkeys,
        devices: row.devices,
        knownDevices: row.knownDevices,
        signIns: row.families.map(({ id: sessionId, revokedAt: endedAt, revokedReason: endReason, ...family }) => ({
          sessionId,
          ...family,
          endedAt,
          endReason,
        })),
        auditLog: events.map(toAuditEvent),
      };
    },
  };
}
