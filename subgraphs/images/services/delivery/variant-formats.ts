import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../../../shared/errors/app-error.js';
import type { Logger } from '../../../../shared/logging/logger.js';
import type { ObjectStore } from '../../../../shared/objects/object-store.js';
import type { ObjectRemovals } from '../pictures/object-removals.js';
import type { PictureRepository } from '../pictures/picture-repository.js';
import { pictureKey, variantKey, type Picture } from '../pictures/picture.js';
import type { PictureProcessor, PictureType, VariantName } from '../processing/picture-processing.js';

/** What could not be made is not tried again for so long, in ms. */
const pauseMs = 60_000;
const maxPauses = 1000;

export interface WantedFormat {
  /** Of the image that was asked for. */
  readonly imageName: string;
  readonly picture: Picture;
  readonly variant: VariantName;
  readonly type: PictureType;
}

/** Makes and stores a variant in a type that it does not have yet. False when that is not possible at the moment; never rejects. */
export type MakeVariantFormat = (wanted: WantedFormat) => Promise<boolean>;

export interface VariantFormatsOptions {
  readonly pictures: PictureRepository;
  readonly removals: ObjectRemovals;
  readonly objects: Pick<ObjectStore, 'get' | 'put'>;
  readonly processor: Pick<PictureProcessor, 'inTurn'>;
  readonly logger: Logger;
  readonly now?: () => number;
}

export function createVariantFormats({
  pictures,
  removals,
  objects,
  processor,
  logger,
  now = Date.now,
}: VariantFormatsOptions): MakeVariantFormat {
  // All who ask for it at the same time wait for the one work.
  const underWay = new Map<string, Promise<boolean>>();
  const pausedUntil = new Map<string, number>();

  function pause(key: string): void {
    if (pausedUntil.size >= maxPauses) pausedUntil.clear();
    pausedUntil.set(key, now() + pauseMs);
  }

  return (wanted) => {
    const key = variantKey(wanted.picture, wanted.variant, wanted.type);
    const shared = underWay.get(key);
    if (shared !== undefined) return shared;
    if ((pausedUntil.get(key) ?? 0) > now()) return Promise.resolve(false);
    pausedUntil.delete(key);
    const work = make(wanted, key)
      .catch((error: unknown) => {
        // Too much to do is no failure: the next one who asks may have more luck.
        if (error instanceof AppError && error.code === 'UNAVAILABLE') return false;
        logger.error({ err: error, objectKey: key }, 'a variant cannot be encoded');
        pause(key);
        return false;
      })
      .finally(() => underWay.delete(key));
    underWay.set(key, work);
    return work;
  };

  function make({ imageName, picture, variant, type }: WantedFormat, key: string): Promise<boolean> {
    return processor.inTurn('variant', async (work) => {
      const source = join(work.folder, 'source');
      const found = await objects.get(pictureKey(picture));
      if (found === null) return false;
      await pipeline(found.body, createWriteStream(source));
      const file = await work.encodeVariant(source, { name: variant, format: type });

      // Another process may have been faster, and what it has published must not be put down for removal again.
      const current = await pictures.find(imageName);
      if (current === null) return false;
      const known = current.variants.find(({ name }) => name === variant);
      if (known?.formats[type] !== undefined && picture.variants.find(({ name }) => name === variant)?.formats[type] === undefined)
        return true;

      const reservation = await removals.reserve([key]);
      if (reservation === null) return false;
      let isKept = false;
      try {
        await objects.put(key, createReadStream(file.path), { contentType: type, size: file.size });
        isKept = await pictures.addFormat(current, { name: variant, type, size: file.size }, reservation);
      } finally {
        if (!isKept) await removals.carryOut(reservation);
      }
      return isKept;
    });
  }
}
