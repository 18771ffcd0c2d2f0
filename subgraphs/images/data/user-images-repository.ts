import { NIL as nobody } from 'uuid';
import { eraseRelations } from '../../../shared/users/relation-table.js';
import type { UserImagesRepository } from '../services/user-images.js';
import { imageColumns } from './image-repository.js';
import { imagesSchema, type ImagesPrisma } from './prisma.js';
import { toUpload, uploadColumns } from './upload-repository.js';

export function createUserImagesRepository(prisma: ImagesPrisma): UserImagesRepository {
  return {
    async close(userId, at) {
      // Rejected, so that their removal takes every object of theirs with it.
      await prisma.upload.updateMany({ where: { ownerId: userId, closedAt: null }, data: { closedAt: at, rejection: 'CORRUPT' } });
      const uploads = await prisma.upload.findMany({ where: { ownerId: userId }, select: uploadColumns });
      const images = await prisma.image.findMany({ where: { ownerId: userId }, select: imageColumns });
      return { uploads: uploads.map(toUpload), images };
    },

    async forget(userId) {
      await prisma.$transaction(async (tx) => {
        await eraseRelations(tx, imagesSchema, userId);
        await tx.hiddenProfile.deleteMany({ where: { userId } });
        await tx.avatar.deleteMany({ where: { userId } });
        await tx.image.deleteMany({ where: { ownerId: userId } });
        await tx.upload.updateMany({ where: { ownerId: userId }, data: { ownerId: nobody } });
        await tx.outboxEvent.deleteMany({ where: { key: userId } });
      });
    },

    async read(userId) {
      const [images, avatar] = await prisma.$transaction([
        prisma.image.findMany({ where: { ownerId: userId }, orderBy: { createdAt: 'asc' }, select: imageColumns }),
        prisma.avatar.findUnique({ where: { userId }, select: { imageId: true } }),
      ]);
      return { images, avatarId: avatar?.imageId ?? null };
    },
  };
}
