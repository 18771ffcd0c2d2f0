import type { RejectionCode } from '../services/processing/picture-processing.js';
import type { UploadRepository, Usage } from '../services/uploads/upload-repository.js';
import type { Upload, UploadState } from '../services/uploads/upload.js';
import type { Prisma } from '../__generated__/prisma/client.js';
import { putDown } from './object-removal-repository.js';
import type { ImagesPrisma } from './prisma.js';
import { publish } from './publish.js';

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
  idempotencyKey: true,
} as const satisfies Prisma.UploadSelect;

type Row = Prisma.UploadGetPayload<{ select: typeof uploadColumns }>;

export function createUploadRepository(prisma: ImagesPrisma): UploadRepository {
  return {
    open: (upload, { raw, since, judge }) =>
      prisma.$transaction(async (tx) => {
        const { state: _, ...row } = upload;
        // Two uploads of one owner at the same moment would both see room for one.
        await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`images.upload:${upload.ownerId}`}, 0))`;
        const known = await findKnown(tx, upload, since);
        if (known !== null) return { kind: 'Known', upload: known };
        const verdict = judge(await readUsage(tx, upload.ownerId, upload.createdAt));
        if (verdict.isAllowed) {
          await tx.upload.create({ data: row, select: { id: true } });
          await putDown(tx, raw);
        }
        return { kind: 'Judged', verdict };
      }),
    usage: (ownerId, at) => prisma.$transaction((tx) => readUsage(tx, ownerId, at)),
    async find(id) {
      const row = await prisma.upload.findUnique({ where: { id }, select: uploadColumns });
      return row === null ? null : toUpload(row);
    },
    async reject(id, { code, at }) {
      const { count } = await prisma.upload.updateMany({ where: { id, closedAt: null }, data: { closedAt: at, rejection: code } });
      return count === 1;
    },
    publish: (publication) => publish(prisma, publication),
    forgetBefore: (time, limit) =>
      prisma.$executeRaw`DELETE FROM images.upload WHERE id IN (
        SELECT id FROM images.upload WHERE expires_at < ${time.toISOString()}::timestamptz
        ORDER BY expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)`,
  };
}

/** The upload that the same client has opened before, in case the answer did not arrive. One that is no use any more gives its key up. */
async function findKnown(tx: Prisma.TransactionClient, { ownerId, idempotencyKey, createdAt: now }: Upload, since: Date) {
  if (idempotencyKey === null) return null;
  const row = await tx.upload.findUnique({ where: { ownerId_idempotencyKey: { ownerId, idempotencyKey } }, select: uploadColumns });
  if (row === null) return null;
  const isUseful = row.createdAt > since && (row.closedAt !== null || row.expiresAt > now);
  if (isUseful) return toUpload(row);
  await tx.upload.update({ where: { id: row.id }, data: { idempotencyKey: null }, select: { id: true } });
  return null;
}

async function readUsage(tx: Prisma.TransactionClient, ownerId: string, at: Date): Promise<Usage> {
  const images = await tx.image.aggregate({ where: { ownerId }, _count: true, _sum: { size: true } });
  const open = await tx.upload.aggregate({
    where: { ownerId, expiresAt: { gt: at }, closedAt: null },
    _count: true,
    _sum: { size: true },
    _min: { expiresAt: true },
  });
  return {
    images: images._count,
    bytes: (images._sum.size ?? 0) + (open._sum.size ?? 0),
    openUploads: open._count,
    firstExpiresAt: open._min.expiresAt,
  };
}

export function toUpload({ closedAt, rejection, ...row }: Row): Upload {
  return { ...row, state: toState(closedAt, rejection) };
}

function toState(closedAt: Date | null, rejection: RejectionCode | null): UploadState {
  if (closedAt === null) return { kind: 'Open' };
  return rejection === null ? { kind: 'Published' } : { kind: 'Rejected', code: rejection };
}
