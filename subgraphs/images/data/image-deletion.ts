import type { Reservation } from '../services/pictures/object-removals.js';
import type { Picture } from '../services/pictures/picture.js';
import type { Prisma } from '../__generated__/prisma/client.js';
import { putDown } from './object-removal-repository.js';
import { pictureColumns, toPicture } from './picture-repository.js';

export interface DeletedImages {
  readonly ids: readonly string[];
  /** Whose avatar one of them was. */
  readonly avatarsOf: readonly string[];
  /** The objects of the pictures that no image shows any more. */
  readonly removal: Reservation;
}

/**
 * Deletes those of `ids` that exist, and every picture that none shows any more. Locks are taken in the order picture, image, avatar, as
 * everywhere: a publication of the same picture either comes first, and keeps it, or waits and makes it anew.
 */
export async function deleteImages(
  tx: Prisma.TransactionClient,
  ids: readonly string[],
  { at, keysOf }: { readonly at: Date; readonly keysOf: (picture: Picture) => readonly string[] },
): Promise<DeletedImages> {
  const known = await tx.image.findMany({ where: { id: { in: [...ids] } }, select: { pictureId: true } });
  const pictureIds = [...new Set(known.map(({ pictureId }) => pictureId))];
  await tx.$queryRaw`SELECT 1 FROM images.picture WHERE id = ANY (${pictureIds}::uuid[]) ORDER BY id FOR UPDATE`;
  const locked = await tx.$queryRaw<{ id: string }[]>`
    SELECT id::text AS id FROM images.image WHERE id = ANY (${[...ids]}::uuid[]) ORDER BY id FOR UPDATE`;
  const found = locked.map(({ id }) => id);

  const avatars = await tx.avatar.findMany({ where: { imageId: { in: found } }, select: { userId: true } });
  await tx.image.deleteMany({ where: { id: { in: found } } });

  const unseen = await tx.picture.findMany({ where: { id: { in: pictureIds }, images: { none: {} } }, select: pictureColumns });
  await tx.picture.deleteMany({ where: { id: { in: unseen.map(({ id }) => id) } } });
  const keys = unseen.flatMap((row) => keysOf(toPicture(row)));
  // Random names never come twice, so that none of the keys is down already.
  const removal = { keys: await putDown(tx, { keys, dueAt: at }), dueAt: at };
  return { ids: found, avatarsOf: avatars.map(({ userId }) => userId), removal };
}
