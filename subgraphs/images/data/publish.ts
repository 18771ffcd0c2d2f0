import type { Publication, PublicationOutcome } from '../services/uploads/upload-repository.js';
import type { Picture } from '../services/pictures/picture.js';
import type { Prisma } from '../__generated__/prisma/client.js';
import { imageColumns, toImage } from './image-repository.js';
import { crossOut } from './object-removal-repository.js';
import { fromVariants } from './picture-repository.js';
import type { ImagesPrisma } from './prisma.js';

/**
 * Publishes an image in one transaction. Of two that bring the same new picture at the same time the second waits for the first and then
 * shows that one's. A picture of which the last image is being deleted is waited for as well: it is there, and stays, or it is gone.
 */
export function publish(prisma: ImagesPrisma, { image, digest, made }: Publication): Promise<PublicationOutcome> {
  return prisma.$transaction(async (tx) => {
    const { count } = await tx.upload.updateMany({ where: { id: image.id, closedAt: null }, data: { closedAt: image.createdAt } });
    if (count === 0) return { kind: 'Closed' };

    const pictureId = (await lockPicture(tx, digest)) ?? (made === null ? null : await insertPicture(tx, { digest, made, image }));
    if (pictureId === null) {
      // Nothing of it has happened: there is still an upload to publish once the picture is made.
      await tx.upload.update({ where: { id: image.id }, data: { closedAt: null }, select: { id: true } });
      return { kind: 'NoPicture' };
    }
    const picture = await tx.picture.findUniqueOrThrow({
      where: { id: pictureId },
      select: { contentType: true, size: true, width: true, height: true },
    });
    const row = await tx.image.create({ data: { ...image, ...picture, pictureId }, select: imageColumns });
    return { kind: 'Published', image: toImage(row), usesMade: pictureId === made?.picture.id };
  });
}

/** Locked, it can be shown but not deleted until the transaction ends. */
async function lockPicture(tx: Prisma.TransactionClient, digest: string): Promise<string | null> {
  const [found] = await tx.$queryRaw<{ id: string }[]>`
    SELECT id::text AS id FROM images.picture WHERE digest = ${digest} FOR KEY SHARE`;
  return found?.id ?? null;
}

/** Its id, or that of another that was first. */
async function insertPicture(
  tx: Prisma.TransactionClient,
  { digest, made, image }: { digest: string; made: NonNullable<Publication['made']>; image: Publication['image'] },
): Promise<string> {
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const { count } = await tx.picture.createMany({ data: [toRow(made.picture, digest, image.createdAt)], skipDuplicates: true });
    if (count === 1) {
      // Whoever stores for longer than a reservation lasts may have lost objects to the sweeper: rolled back, and tried again by the client.
      if (!(await crossOut(tx, made.reservation))) throw new Error('The objects of a picture were reserved for too short a time');
      return made.picture.id;
    }
    const other = await lockPicture(tx, digest);
    if (other !== null) return other;
    // That one was deleted in between.
  }
  throw new Error('A picture came and went ten times while it was to be published');
}

function toRow({ variants, ...picture }: Picture, digest: string, createdAt: Date): Prisma.PictureCreateManyInput {
  return { ...picture, digest, variants: fromVariants(variants), createdAt };
}
