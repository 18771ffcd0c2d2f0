import type { KnownUserRepository } from '../services/known-user-repository.js';
import { onlyUuids, type SessionsPrisma } from './prisma.js';

export function createKnownUserRepository(prisma: SessionsPrisma): KnownUserRepository {
  return {
    async add(userId) {
      await prisma.$executeRaw`INSERT INTO sessions.known_user (user_id) VALUES (${userId}::uuid) ON CONFLICT DO NOTHING`;
    },

    async find(userIds) {
      const uuids = onlyUuids(userIds);
      if (uuids.length === 0) return new Set();
      const rows = await prisma.knownUser.findMany({ where: { userId: { in: uuids } }, select: { userId: true } });
      return new Set(rows.map(({ userId }) => userId));
    },
  };
}
