import { validate as isUuid } from 'uuid';
import { toOutboxRow } from '../../../shared/events/outbox/outbox.js';
import type { ImageRepository } from '../services/gallery/image-repository.js';
import type { Image, ImagePosition } from '../services/image.js';
import { Prisma } from '../__generated__/prisma/client.js';
import { deleteImages } from './image-deletion.js';
import { toVariants } from './picture-repository.js';
import type { ImagesPrisma } from './prisma.js';
import { isVisible } from './visibility.js';

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
  picture: { select: { variants: true, placeholder: true, dominantColor: true } },
} as const satisfies Prisma.ImageSelect;

type Row = Prisma.ImageGetPayload<{ select: typeof imageColumns }>;
type FlatRow = Omit<Row, 'picture'> & Row['picture'];

export function createImageRepository(prisma: ImagesPrisma): ImageRepository {
  return {
    async findMany(ids) {
      const images = await prisma.image.findMany({ where: { id: { in: ids.filter((id) => isUuid(id)) } }, select: imageColumns });
      return new Map(images.map((row) => [row.id, toImage(row)]));
    },
    async findVisible(onlooker, ids) {
      const images = await prisma.$queryRaw<FlatRow[]>`
        SELECT ${columns} FROM ${imagesWithPictures} WHERE image.id IN (${uuidsIn(ids)}) AND ${isVisible(onlooker)}`;
      return new Map(images.map((row) => [row.id, fromFlatRow(row)]));
    },
    async listGallery(onlooker, { limit, after }) {
      const images = await prisma.$queryRaw<FlatRow[]>`
        SELECT ${columns} FROM ${imagesWithPictures}
        WHERE purpose = 'GALLERY' AND ${isVisible(onlooker)}
          AND ${after === null ? Prisma.sql`true` : Prisma.sql`(image.created_at, image.id) < (${isoTime(after.createdAt)}::timestamptz, ${after.id}::uuid)`}
        ORDER BY image.created_at DESC, image.id DESC LIMIT ${limit + 1}`;
      return images.map(fromFlatRow);
    },
    async listOwn(ownerId, { limit, after }) {
      const images = await prisma.image.findMany({
        where: { AND: [{ ownerId }, after === null ? {} : olderThan(after)] },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit + 1,
        select: imageColumns,
      });
      return images.map(toImage);
    },
    async findAvatars(onlooker, userIds) {
      const avatars = await prisma.$queryRaw<(FlatRow & { userId: string })[]>`
        SELECT avatar.user_id::text AS "userId", ${columns} FROM images.avatar JOIN ${imagesWithPictures} ON image.id = image_id
        WHERE avatar.user_id IN (${uuidsIn(userIds)}) AND ${isVisible(onlooker)}`;
      return new Map(avatars.map(({ userId, ...row }) => [userId, fromFlatRow(row)]));
    },
    setAvatar: ({ userId, imageId, at, event }) =>
      prisma.$transaction(async (tx) => {
        // Not deleted meanwhile: the deletion waits, and then finds the avatar.
        const [image] = await tx.$queryRaw<unknown[]>`SELECT 1 FROM images.image WHERE id = ${imageId}::uuid FOR KEY SHARE`;
        if (image === undefined) return 'NoImage';
        const changed = await tx.$executeRaw`
          INSERT INTO images.avatar AS known (user_id, image_id, set_at)
          VALUES (${userId}::uuid, ${imageId}::uuid, ${at.toISOString()}::timestamptz)
          ON CONFLICT (user_id) DO UPDATE SET image_id = excluded.image_id, set_at = excluded.set_at
          WHERE known.image_id <> excluded.image_id`;
        if (changed === 0) return 'Unchanged';
        await tx.outboxEvent.createMany({ data: [toOutboxRow(event)] });
        return 'Set';
      }),
    removeAvatar: ({ userId, event }) =>
      prisma.$transaction(async (tx) => {
        const { count } = await tx.avatar.deleteMany({ where: { userId } });
        if (count > 0) await tx.outboxEvent.createMany({ data: [toOutboxRow(event)] });
        return count > 0;
      }),
    delete: ({ id, at, keysOf, announce }) =>
      prisma.$transaction(async (tx) => {
        const { ids, avatarsOf, removal } = await deleteImages(tx, [id], { at, keysOf });
        if (ids.length === 0) return null;
        const events = announce({ avatarsOf });
        await tx.outboxEvent.createMany({ data: events.map(toOutboxRow) });
        return { removal, isAnnounced: events.length > 0 };
      }),
  };
}

/** `imageColumns` of a row of `imagesWithPictures`. */
const columns = Prisma.sql`image.id::text AS id, owner_id::text AS "ownerId", purpose::text AS purpose, name,
  image.content_type AS "contentType", image.size, image.width, image.height, image.created_at AS "createdAt",
  variants, placeholder, dominant_color AS "dominantColor"`;
const imagesWithPictures = Prisma.sql`images.image JOIN images.picture ON picture.id = picture_id`;

export function toImage({ picture, ...row }: Row): Image {
  return fromFlatRow({ ...row, ...picture });
}

function fromFlatRow({ variants, ...row }: FlatRow): Image {
  return { ...row, variants: toVariants(variants).map(({ name, width, height }) => ({ name, width, height })) };
}

function uuidsIn(ids: readonly string[]): Prisma.Sql {
  return Prisma.sql`SELECT value::uuid FROM jsonb_array_elements_text(${JSON.stringify(ids.filter((id) => isUuid(id)))}::jsonb)`;
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

function olderThan({ createdAt, id }: ImagePosition): Prisma.ImageWhereInput {
  const time = new Date(createdAt);
  // The first condition is implied; it lets Postgres begin in the middle of the index.
  return { createdAt: { lte: time }, OR: [{ createdAt: { lt: time } }, { id: { lt: id } }] };
}
