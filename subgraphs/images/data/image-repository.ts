import { validate as isUuid } from 'uuid';
import { toOutboxRow } from '../../../shared/events/outbox.js';
import type { ImageRepository, Onlooker } from '../services/gallery/image-repository.js';
import type { Image, ImagePosition } from '../services/image.js';
import { Prisma } from '../__generated__/prisma/client.js';
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
    async findVisible(onlooker, ids) {
      const images = await prisma.$queryRaw<Image[]>`
        SELECT ${columns} FROM images.image WHERE id IN (${uuidsIn(ids)}) AND ${isVisible(onlooker)}`;
      return new Map(images.map((image) => [image.id, image]));
    },
    listGallery: (onlooker, { limit, after }) =>
      prisma.$queryRaw<Image[]>`
        SELECT ${columns} FROM images.image
        WHERE purpose = 'GALLERY' AND ${isVisible(onlooker)}
          AND ${after === null ? Prisma.sql`true` : Prisma.sql`(created_at, id) < (${isoTime(after.createdAt)}::timestamptz, ${after.id}::uuid)`}
        ORDER BY created_at DESC, id DESC LIMIT ${limit + 1}`,
    listOwn: (ownerId, { limit, after }) =>
      prisma.image.findMany({
        where: { AND: [{ ownerId }, after === null ? {} : olderThan(after)] },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit + 1,
        select: imageColumns,
      }),
    async findAvatars(onlooker, userIds) {
      const avatars = await prisma.$queryRaw<(Image & { userId: string })[]>`
        SELECT avatar.user_id::text AS "userId", ${columns} FROM images.avatar JOIN images.image ON image.id = image_id
        WHERE avatar.user_id IN (${uuidsIn(userIds)}) AND ${isVisible(onlooker)}`;
      return new Map(avatars.map(({ userId, ...image }) => [userId, image]));
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

/** `imageColumns` of a row of `images.image`. */
const columns = Prisma.sql`image.id::text AS id, owner_id::text AS "ownerId", purpose::text AS purpose, name,
  content_type AS "contentType", size, width, height, created_at AS "createdAt"`;

/**
 * Whether the onlooker may see the image of a row. The one place of that rule; for each row found a look or two into a primary key, so
 * that a page of a long gallery still ends after a few rows.
 */
function isVisible({ userId, seesPastBlocks }: Onlooker): Prisma.Sql {
  const relation = Prisma.sql`SELECT 1 FROM images.relation
    WHERE low_id = least(owner_id, ${userId}::uuid) AND high_id = greatest(owner_id, ${userId}::uuid)`;
  return Prisma.sql`(
    owner_id = ${userId}::uuid IS TRUE
    OR (
      (${seesPastBlocks}::boolean OR NOT EXISTS (${relation} AND (low_blocks OR high_blocks)))
      AND coalesce(
        (SELECT visibility = 'FRIENDS' AND EXISTS (${relation} AND are_friends) FROM images.hidden_profile WHERE user_id = owner_id),
        true
      )
    )
  )`;
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
