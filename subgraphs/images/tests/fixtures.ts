import { randomBytes, randomUUID } from 'node:crypto';
import { v7 as uuidV7 } from 'uuid';
import type { Reservation } from '../services/pictures/object-removals.js';
import { pictureKeys, type Picture } from '../services/pictures/picture.js';
import type { Publication } from '../services/uploads/upload-repository.js';
import { publishedName, type Upload } from '../services/uploads/upload.js';

/** An open upload of 5 bytes, for 15 minutes from the epoch on. */
export function newUpload(change: Partial<Upload> = {}): Upload {
  return {
    id: uuidV7(),
    ownerId: randomUUID(),
    purpose: 'GALLERY',
    contentType: 'image/png',
    size: 5,
    objectName: newObjectName(),
    createdAt: new Date(0),
    expiresAt: new Date(900_000),
    state: { kind: 'Open' },
    idempotencyKey: null,
    ...change,
  };
}

/** A picture of 7 bytes with one variant. */
export function newPicture(change: Partial<Picture> = {}): Picture {
  return {
    id: uuidV7(),
    objectName: newObjectName(),
    contentType: 'image/webp',
    size: 7,
    width: 100,
    height: 50,
    variants: [{ name: 'thumb', width: 96, height: 48, formats: { 'image/webp': 3 } }],
    placeholder: 'cGxhY2Vob2xkZXI=',
    dominantColor: '#c00060',
    ...change,
  };
}

/** What publishes the image that `upload` becomes, with a new picture whose objects are reserved until `dueAt`. */
export function publicationOf(
  { id, ownerId, purpose, ...upload }: Upload,
  { digest = randomUUID(), createdAt = new Date(0), ...made }: Partial<NewPublication> = {},
): Publication & { readonly made: { readonly picture: Picture; readonly reservation: Reservation } } {
  const { picture = newPicture(), dueAt = new Date(3_600_000) } = made;
  const image = { id, ownerId, purpose, name: publishedName(upload), createdAt };
  return { image, digest, made: { picture, reservation: { keys: pictureKeys(picture), dueAt } } };
}

interface NewPublication {
  readonly digest: string;
  readonly createdAt: Date;
  readonly picture: Picture;
  readonly dueAt: Date;
}

function newObjectName(): string {
  return randomBytes(16).toString('hex');
}
