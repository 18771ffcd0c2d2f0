import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { v7 as uuidV7 } from 'uuid';
import type { ObjectStore } from '../../../../shared/objects/object-store.js';
import type { EncodedFile, PictureResult } from '../processing/picture-processing.js';
import type { ObjectRemovals, Reservation } from './object-removals.js';
import { pictureKey, pictureKeys, variantKey, type Picture } from './picture.js';

export type EncodedPicture = Extract<PictureResult, { readonly kind: 'Encoded' }>;

export interface StorePictureDependencies {
  readonly objects: Pick<ObjectStore, 'put'>;
  readonly removals: Pick<ObjectRemovals, 'reserve' | 'carryOut'>;
}

/** Stores all files of a new picture, or none. Nobody sees them before the reservation is crossed out. */
export async function storePicture(
  { objects, removals }: StorePictureDependencies,
  { full, variants, placeholder, dominantColor }: EncodedPicture,
): Promise<{ readonly picture: Picture; readonly reservation: Reservation }> {
  const { contentType, size, width, height } = full;
  const picture: Picture = {
    id: uuidV7(),
    objectName: randomBytes(16).toString('hex'),
    contentType,
    size,
    width,
    height,
    variants: variants.map((variant) => ({
      name: variant.name,
      width: variant.width,
      height: variant.height,
      formats: { [variant.contentType]: variant.size },
    })),
    placeholder,
    dominantColor,
  };
  const reservation = await removals.reserve(pictureKeys(picture));
  if (reservation === null) throw new Error('A random name has come twice');

  const files: [string, EncodedFile][] = [
    [pictureKey(picture), full],
    ...variants.map((variant): [string, EncodedFile] => [variantKey(picture, variant.name, variant.contentType), variant]),
  ];
  const outcomes = await Promise.allSettled(files.map(([key, file]) => objects.put(key, createReadStream(file.path), file)));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) {
    await removals.carryOut(reservation);
    throw failed.reason;
  }
  return { picture, reservation };
}
