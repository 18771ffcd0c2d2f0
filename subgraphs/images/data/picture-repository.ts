import { z } from 'zod';
import type { PictureRepository } from '../services/pictures/picture-repository.js';
import type { Picture, PictureVariant } from '../services/pictures/picture.js';
import type { PictureType, VariantName } from '../services/processing/picture-processing.js';
import type { Prisma } from '../__generated__/prisma/client.js';
import { isVisible } from './visibility.js';
import { crossOut } from './object-removal-repository.js';
import type { ImagesPrisma } from './prisma.js';

export const pictureColumns = {
  id: true,
  objectName: true,
  contentType: true,
  size: true,
  width: true,
  height: true,
  variants: true,
  placeholder: true,
  dominantColor: true,
} as const satisfies Record<keyof Picture, true> & Prisma.PictureSelect;

type Row = Prisma.PictureGetPayload<{ select: typeof pictureColumns }>;

const pictureType = z.enum({ 'image/webp': 'image/webp', 'image/avif': 'image/avif' } satisfies { [Type in PictureType]: Type });
const variantName = z.enum({ thumb: 'thumb', small: 'small', medium: 'medium', large: 'large' } satisfies { [Name in VariantName]: Name });
const storedVariants = z.array(
  z.object({
    name: variantName,
    width: z.int().positive(),
    height: z.int().positive(),
    formats: z.partialRecord(pictureType, z.int().nonnegative()),
  }),
);

export function createPictureRepository(prisma: ImagesPrisma): PictureRepository {
  return {
    async find(imageName) {
      const image = await prisma.image.findUnique({ where: { name: imageName }, select: { picture: { select: pictureColumns } } });
      return image === null ? null : toPicture(image.picture);
    },

    async isShownTo(onlooker, digest) {
      const [found] = await prisma.$queryRaw<unknown[]>`
        SELECT 1 FROM images.picture JOIN images.image ON picture_id = picture.id WHERE digest = ${digest} AND ${isVisible(onlooker)} LIMIT 1`;
      return found !== undefined;
    },

    addFormat: ({ id }, { name, type, size }, reservation) =>
      prisma.$transaction(async (tx) => {
        // Two formats that are added at the same time would each forget the other.
        await tx.$queryRaw`SELECT 1 FROM images.picture WHERE id = ${id}::uuid FOR NO KEY UPDATE`;
        const row = await tx.picture.findUnique({ where: { id }, select: { variants: true } });
        const known = row === null ? [] : toVariants(row.variants);
        if (!known.some((variant) => variant.name === name) || !(await crossOut(tx, reservation))) return false;
        const variants = known.map((variant) =>
          variant.name === name ? { ...variant, formats: { ...variant.formats, [type]: size } } : variant,
        );
        await tx.picture.update({ where: { id }, data: { variants: fromVariants(variants) }, select: { id: true } });
        return true;
      }),
  };
}

export function toPicture({ contentType, variants, ...row }: Row): Picture {
  return { ...row, contentType: pictureType.parse(contentType), variants: toVariants(variants) };
}

/** Throws when they are not as `fromVariants` has written them: a fault. */
export function toVariants(variants: unknown): readonly PictureVariant[] {
  return storedVariants.parse(variants);
}

export function fromVariants(variants: readonly PictureVariant[]): Prisma.InputJsonArray {
  return variants.map(({ name, width, height, formats }) => ({ name, width, height, formats: { ...formats } }));
}
