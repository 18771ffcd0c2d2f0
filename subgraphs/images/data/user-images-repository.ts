import { NIL as nobody } from 'uuid';
import { eraseRelations } from '../../../shared/users/relation-table.js';
import type { UserImagesRepository } from '../services/user-images.js';
import { deleteImages } from './image-deletion.js';
import { imageColumns, toImage } from './image-repository.js';
import { imagesSchema, type ImagesPrisma } from './prisma.js';
import { toUpload, uploadColumns } from './upload-repository.js';

/** Images of one transaction: in an embedded database everybody waits for it. */
const batchSize = 100;

export function createUserImagesRepository(prisma: ImagesPrisma): UserImagesRepository {
  return {
    async close(userId, at) {
      await prisma.upload.updateMany({ where: { ownerId: userId, closedAt: null }, data: { closedAt: at, rejection: 'CORRUPT' } });
      const uploads = await prisma.upload.findMany({ where: { ownerId: userId }, select: uploadColumns });
      return uploads.map(toUpload);
    },

    deleteSome: (userId, options) =>
      prisma.$transaction(async (tx) => {
        const images = await tx.image.findMany({ where: { ownerId: userId }, take: batchSize, select: { id: true } });
        if (images.length === 0) return null;
        const ids = images.map(({ id }) => id);
        return (await deleteImages(tx, ids, options)).removal;
      }),

    async forget(userId) {
      await prisma.$transaction(async (tx) => {
        await eraseRelations(tx, imagesSchema, userId);
        await tx.hiddenProfile.deleteMany({ where: { userId } });
        await tx.upload.updateMany({ where: { ownerId: userId }, data: { ownerId: nobody, idempotencyKey: null } });
        await tx.outboxEvent.deleteMany({ where: { key: userId } });
      });
    },

    async read(userId) {
      const [images, avatar] = await prisma.$transaction([
        prisma.image.findMany({ where: { ownerId: userId }, orderBy: { createdAt: 'asc' }, select: imageColumns }),
        prisma.avatar.findUnique({ where: { userId }, select: { imageId: true } }),
      ]);
      return { images: images.map(toImage), avatarId: avatar?.imageId ?? null };
    },
  };
}
