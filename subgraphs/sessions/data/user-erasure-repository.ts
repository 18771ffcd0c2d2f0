import { NIL as nobody } from 'uuid';
import { eraseRelations } from '../../../shared/users/relation-table.js';
import { Prisma } from '../__generated__/prisma/client.js';
import type { UserErasureRepository } from '../services/user-erasure.js';
import { sessionsSchema, type SessionsPrisma } from './prisma.js';
import { eraseRelationHistory } from './relation-history-repository.js';

export function createUserErasureRepository(prisma: SessionsPrisma): UserErasureRepository {
  return {
    erase: ({ userId, at, keptSince }) =>
      prisma.$transaction(async (tx) => {
        const ended = await tx.session.updateManyAndReturn({
          where: { userId, endedAt: null },
          data: { endedAt: at, endReason: 'DELETED' },
          select: { id: true },
        });
        await tx.session.updateMany({ where: { userId }, data: { userId: nobody, device: null, data: Prisma.DbNull } });
        await tx.session.deleteMany({ where: { userId: nobody, endedAt: { lt: keptSince } } });
        await tx.knownUser.deleteMany({ where: { userId } });
        await tx.presenceSetting.deleteMany({ where: { userId } });
        await eraseRelationHistory(tx, userId);
        await eraseRelations(tx, sessionsSchema, userId);
        // Nobody needs to hear any more that a session of theirs was ended.
        await tx.outboxEvent.deleteMany({ where: { key: userId } });
        return ended.map(({ id }) => id);
      }),

    async read(userId) {
      const [sessions, presence] = await prisma.$transaction([
        prisma.session.findMany({
          where: { userId },
          orderBy: { startedAt: 'asc' },
          select: {
            id: true,
            device: true,
            startedAt: true,
            lastSeenAt: true,
            expiresAt: true,
            endedAt: true,
            endReason: true,
            data: true,
            version: true,
          },
        }),
        prisma.presenceSetting.findUnique({
          where: { userId },
          select: { isBusy: true, statusMessage: true, visibility: true, lastConnectionAt: true },
        }),
      ]);
      return { sessions, presence };
    },
  };
}
