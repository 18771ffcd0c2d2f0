import { takeOnce } from '../../../shared/events/inbox.js';
import type { RelationRepository } from '../services/presence/relations.js';
import { onlyUuids, sessionsSchema, type SessionsPrisma } from './prisma.js';

export function createRelationRepository(prisma: SessionsPrisma): RelationRepository {
  return {
    async friendsOf(userId) {
      const [low, high] = await Promise.all([
        prisma.relation.findMany({ where: { lowId: userId, areFriends: true }, select: { highId: true } }),
        prisma.relation.findMany({ where: { highId: userId, areFriends: true }, select: { lowId: true } }),
      ]);
      return new Set([...low.map(({ highId }) => highId), ...high.map(({ lowId }) => lowId)]);
    },

    async among(userId, otherIds) {
      const others = { in: onlyUuids(otherIds) };
      if (others.in.length === 0) return new Map();
      const rows = await prisma.relation.findMany({
        where: {
          OR: [
            { lowId: userId, highId: others },
            { highId: userId, lowId: others },
          ],
        },
        select: { lowId: true, highId: true, isBlocked: true },
      });
      return new Map(rows.map(({ lowId, highId, isBlocked }) => [lowId === userId ? highId : lowId, isBlocked ? 'BLOCKED' : 'FRIEND']));
    },

    async take(eventId, { userIds: [lowId, highId], friends: areFriends, blockers }) {
      const isBlocked = blockers.length > 0;
      await prisma.$transaction(async (tx) => {
        if (!(await takeOnce(tx, sessionsSchema, eventId))) return;
        await tx.relation.deleteMany({ where: { lowId, highId } });
        if (areFriends || isBlocked) await tx.relation.createMany({ data: [{ lowId, highId, areFriends, isBlocked }] });
      });
    },
  };
}
