import type { UserExportRepository } from '../services/user-export.js';
import type { UsersPrisma } from './prisma.js';

export function createUserExportRepository(prisma: UsersPrisma): UserExportRepository {
  return {
    async read(userId) {
      const [profile, friendships, sent, received, blocks] = await prisma.$transaction([
        prisma.profile.findUnique({
          where: { userId },
          select: { displayName: true, bio: true, locale: true, timeZone: true, visibility: true },
        }),
        prisma.friendship.findMany({
          where: { OR: [{ lowId: userId }, { highId: userId }] },
          select: { lowId: true, highId: true, since: true },
        }),
        prisma.friendRequest.findMany({ where: { fromId: userId }, select: { toId: true, createdAt: true } }),
        prisma.friendRequest.findMany({ where: { toId: userId }, select: { fromId: true, createdAt: true } }),
        prisma.block.findMany({ where: { blockerId: userId }, select: { blockedId: true, createdAt: true } }),
      ]);
      return {
        profile,
        friends: friendships.map(({ lowId, highId, since }) => ({ userId: lowId === userId ? highId : lowId, since })),
        requestsSent: sent.map(({ toId, createdAt }) => ({ userId: toId, createdAt })),
        requestsReceived: received.map(({ fromId, createdAt }) => ({ userId: fromId, createdAt })),
        blocked: blocks.map(({ blockedId, createdAt }) => ({ userId: blockedId, createdAt })),
      };
    },
  };
}
