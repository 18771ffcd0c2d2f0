import type { RejectionCode } from '../services/processing/picture-processing.js';
import type { UploadRepository } from '../services/uploads/upload-repository.js';
import type { Upload, UploadState } from '../services/uploads/upload.js';
import type { Prisma } from '../__generated__/prisma/client.js';
import type { ImagesPrisma } from './prisma.js';

export const uploadColumns = {
  id: true,
  ownerId: true,
  purpose: true,
  contentType: true,
  size: true,
  objectName: true,
  createdAt: true,
  expiresAt: true,
  closedAt: true,
  rejection: true,
} as const satisfies Prisma.UploadSelect;

type Row = Prisma.UploadGetPayload<{ select: typeof uploadColumns }>;

export function createUploadRepository(prisma: ImagesPrisma): UploadRepository {
  return {
    open: (upload, judge) =>
      prisma.$transaction(async (tx) => {
        const { state: _, ...row } = upload;
        // Two uploads of one owner at the same moment would both see room for one.
        await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`images.upload:${upload.ownerId}`}, 0))`;
        const images = await tx.image.aggregate({ where: { ownerId: upload.ownerId }, _count: true, _sum: { size: true } });
        const open = await tx.upload.aggregate({
          where: { ownerId: upload.ownerId, expiresAt: { gt: upload.createdAt }, closedAt: null },
          _count: true,
          _sum: { size: true },
          _min: { expiresAt: true },
        });
        const verdict = judge({
          images: images._count,
          bytes: (images._sum.size ?? 0) + (open._sum.size ?? 0),
          openUploads: open._count,
          firstExpiresAt: open._min.expiresAt,
        });
        if (verdict.isAllowed) await tx.upload.create({ data: row, select: { id: true } });
        return verdict;
      }),
    async find(id) {
      const row = await prisma.upload.findUnique({ where: { id }, select: uploadColumns });
      return row === null ? null : toUpload(row);
    },
    async reject(id, { code, at }) {
      const { count } = await prisma.upload.updateMany({ where: { id, closedAt: null }, data: { closedAt: at, rejection: code } });
      return count === 1;
    },
    publish: (image) =>
      prisma.$transaction(async (tx) => {
        const { count } = await tx.upload.updateMany({ where: { id: image.id, closedAt: null }, data: { closedAt: image.createdAt } });
        if (count === 0) return false;
        await tx.image.create({ data: image, select: { id: true } });
        return true;
      }),
    async findExpired(time, limit) {
      const rows = await prisma.upload.findMany({
        where: { expiresAt: { lt: time } },
        orderBy: { expiresAt: 'asc' },
        take: limit,
        select: uploadColumns,
      });
      return rows.map(toUpload);
    },
    async forget(id) {
      await prisma.upload.deleteMany({ where: { id } });
    },
  };
}

export function toUpload({ closedAt, rejection, ...row }: Row): Upload {
  return { ...row, state: toState(closedAt, rejection) };
}

function toState(closedAt: Date | null, rejection: RejectionCode | null): UploadState {
  if (closedAt === null) return { kind: 'Open' };
  return rejection === null ? { kind: 'Published' } : { kind: 'Rejected', code: rejection };
}
