import { validate as isUuid } from 'uuid';
import type { ImageFilter, ImageRepository } from '../services/gallery/image-repository.js';
import type { Image, ImagePosition } from '../services/image.js';
import type { Prisma } from '../__generated__/prisma/client.js';
import type { ImagesPrisma } from './prisma.js';

const columns = {
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
      const images = await prisma.image.findMany({ where: { id: { in: ids.filter((id) => isUuid(id)) } }, select: columns });
      return new Map(images.map((image) => [image.id, image]));
    },
    list: (filter, page) =>
      prisma.image.findMany({
        where: { AND: [matching(filter), page.after === null ? {} : olderThan(page.after)] },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: page.limit + 1,
        select: columns,
      }),
    async findAvatars(userIds) {
      const avatars = await prisma.avatar.findMany({
        where: { userId: { in: userIds.filter((id) => isUuid(id)) } },
        select: { userId: true, image: { select: columns } },
      });
      return new Map(avatars.map(({ userId, image }) => [userId, image]));
    },
    async setAvatar({ userId, imageId, at }) {
      await prisma.avatar.upsert({
        where: { userId },
        create: { userId, imageId, setAt: at },
        update: { imageId, setAt: at },
        select: { userId: true },
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
