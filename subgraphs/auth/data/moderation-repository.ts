import { roles as everyRole } from '../../../shared/auth/role.js';
import { toOutboxRow } from '../../../shared/events/outbox/outbox.js';
import type { ModerationRepository, Standing } from '../services/moderation/moderation-repository.js';
import type { AuthPrisma } from './prisma.js';
import { revokeAllFamilies } from './refresh-family-repository.js';

interface StandingRow extends Omit<Standing, 'roles'> {
  readonly roles: readonly string[];
}

const columns = { id: true, username: true, roles: true, disabledAt: true } as const;

export function createModerationRepository(prisma: AuthPrisma): ModerationRepository {
  return {
    act: ({ actorId, targetId, at, lockAdmins }, judge) =>
      prisma.$transaction(async (tx) => {
        // In the order of ids, so that two transactions with the same people cannot wait for each other in a circle.
        const rows = await tx.$queryRaw<StandingRow[]>`
          SELECT id::text AS id, username, roles, disabled_at AS "disabledAt" FROM auth.account
          WHERE id IN (${actorId}::uuid, ${targetId}::uuid) OR (${lockAdmins} AND 'ADMIN' = ANY(roles))
          ORDER BY auth.account.id FOR UPDATE`;
        const standings = rows.map(toStanding);
        const find = (id: string): Standing | null => standings.find((standing) => standing.id === id) ?? null;
        const admins = standings.filter(({ roles, disabledAt }) => roles.includes('ADMIN') && disabledAt === null).length;
        const { verdict, change } = judge({ actor: find(actorId), target: find(targetId), admins });
        if (change === null) return { verdict, endedSessions: [] };
        const { disabledAt, roles, endSessions, events, audit } = change;
        await tx.account.updateMany({
          where: { id: targetId },
          data: { ...(disabledAt === undefined ? {} : { disabledAt }), ...(roles === undefined ? {} : { roles: [...roles] }) },
        });
        const endedSessions = endSessions === null ? [] : await revokeAllFamilies(tx, { accountId: targetId, at, reason: endSessions });
        await tx.outboxEvent.createMany({ data: events.map(toOutboxRow) });
        await tx.auditEvent.createMany({ data: [...audit] });
        return { verdict, endedSessions };
      }),

    async listWithRoles() {
      const rows = await prisma.account.findMany({
        where: { roles: { hasSome: everyRole.filter((role) => role !== 'USER') } },
        orderBy: { usernameLower: 'asc' },
        select: columns,
      });
      return rows.map(toStanding);
    },

    async findByUsername(username) {
      const row = await prisma.account.findUnique({ where: { usernameLower: username.toLowerCase() }, select: columns });
      return row === null ? null : toStanding(row);
    },
  };
}

function toStanding({ roles, ...row }: StandingRow): Standing {
  return { ...row, roles: everyRole.filter((role) => roles.includes(role)) };
}
