import { validate as isUuid } from 'uuid';
import { toOutboxRow } from '../../../shared/events/outbox.js';
import type { ImageFilter, ImageRepository } from '../services/gallery/image-repository.js';
import type { Image, ImagePosition } from '../services/image.js';
import type { Prisma } from '../__generated__/prisma/client.js';
import type { ImagesPrisma } from './prisma.js';

export const imageColumns = {
  id: true,
  ownerId: true,
  purpose: true,
  name: true,
  contentType: true,
  size: true,
  width: true,
  height: true,
  createdAt: true,
} as const satisfies Record<keyof Image, true> & Prisma.ImageSelect;

export function createImageRepository(prisma: ImagesPrisma): ImageRepository {
  return {
    async findMany(ids) {
      const images = await prisma.image.findMany({ where: { id: { in: ids.filter((id) => isUuid(id)) } }, select: imageColumns });
      return new Map(images.map((image) => [image.id, image]));
    },
    list: (filter, page) =>
      prisma.image.findMany({
        where: { AND: [matching(filter), page.after === null ? {} : olderThan(page.after)] },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: page.limit + 1,
        select: imageColumns,
      }),
    async findAvatars(userIds) {
      const avatars = await prisma.avatar.findMany({
        where: { userId: { in: userIds.filter((id) => isUuid(id)) } },
        select: { userId: true, image: { select: imageColumns } },
      });
      return new Map(avatars.map(({ userId, image }) => [userId, image]));
    },
    setAvatar({ userId, imageId, at, event }) {
      return prisma.$transaction(async (tx) => {
        const changed = await tx.$executeRaw`
          INSERT INTO images.avatar AS known (user_id, image_id, set_at)
          VALUES (${userId}::uuid, ${imageId}::uuid, ${at.toISOString()}::timestamptz)
          ON CONFLICT (user_id) DO UPDATE SET image_id = excluded.image_id, set_at = excluded.set_at
          WHERE known.image_id <> excluded.image_id`;
        if (changed === 0) return false;
        await tx.outboxEvent.createMany({ data: [toOutboxRow(event)] });
        return true;
      });
    },
  };
}

function matching(filter: ImageFilter): Prisma.ImageWhereInput {
  switch (filter.kind) {
    case 'Gallery':
      return { purpose: 'GALLERY' };
    case 'OwnedBy':
      return { ownerId: filter.userId };
  }
}

function olderThan({ createdAt, id }: ImagePosition): Prisma.ImageWhereInput {
  const time = new Date(createdAt);
  // The first condition is implied; it lets Postgres begin in the middle of the index.
  return { createdAt: { lte: time }, OR: [{ createdAt: { lt: time } }, { id: { lt: id } }] };
}
