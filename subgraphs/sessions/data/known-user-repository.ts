import type { KnownUserRepository } from '../services/known-user-repository.js';
import type { RelationTable } from '../../../shared/users/relation-table.js';
import { onlyUuids, type SessionsPrisma } from './prisma.js';

export function createKnownUserRepository(prisma: SessionsPrisma, relations: Pick<RelationTable, 'hiddenFrom'>): KnownUserRepository {
  return {
    async add(userId) {
      await prisma.$executeRaw`INSERT INTO sessions.known_user (user_id) VALUES (${userId}::uuid) ON CONFLICT DO NOTHING`;
    },

    async find(viewerId, userIds) {
      const uuids = onlyUuids(userIds);
      if (uuids.length === 0) return new Set();
      const [rows, hidden] = await Promise.all([
        prisma.knownUser.findMany({ where: { userId: { in: uuids } }, select: { userId: true } }),
        relations.hiddenFrom(viewerId, uuids),
      ]);
      return new Set(rows.map(({ userId }) => userId).filter((userId) => !hidden.has(userId)));
    },
  };
}
