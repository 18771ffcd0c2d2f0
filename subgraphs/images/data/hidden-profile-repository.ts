import { validate as isUuid } from 'uuid';
import { takeOnce } from '../../../shared/events/outbox/inbox.js';
import { isAnyErased } from '../../../shared/users/erased-users.js';
import type { HiddenProfileRepository } from '../services/hidden-profile-repository.js';
import { imagesSchema, type ImagesPrisma } from './prisma.js';

export function createHiddenProfileRepository(prisma: ImagesPrisma): HiddenProfileRepository {
  return {
    async among(userIds) {
      const rows = await prisma.hiddenProfile.findMany({
        where: { userId: { in: userIds.filter((id) => isUuid(id)) } },
        select: { userId: true },
      });
      return new Set(rows.map(({ userId }) => userId));
    },
    take: (eventId, { userId, visibility }) =>
      prisma.$transaction(async (tx) => {
        if (!(await takeOnce(tx, imagesSchema, eventId))) return;
        if (await isAnyErased(tx, imagesSchema, [userId])) return;
        await tx.hiddenProfile.deleteMany({ where: { userId } });
        if (visibility !== 'EVERYONE') await tx.hiddenProfile.createMany({ data: [{ userId, visibility }] });
      }),
  };
}
