import type { Image } from '../services/image.js';
import type { ObjectRemovalRepository } from '../services/pictures/object-removals.js';
import { pictureKeys, type Picture } from '../services/pictures/picture.js';
import type { UploadRepository } from '../services/uploads/upload-repository.js';
import type { Upload } from '../services/uploads/upload.js';

/**
 * Uploads and the images that they may become, in memory, with the rules of the database: only an open upload can be closed, images of
 * one digest show one picture, and what is published is not down for removal.
 */
export function fakePublications(opened: readonly Upload[], removals: ObjectRemovalRepository) {
  const uploads = new Map(opened.map((upload) => [upload.id, upload]));
  const images = new Map<string, Image>();
  const pictures = new Map<string, Picture>();
  const close = (id: string, state: Upload['state']): boolean => {
    const upload = uploads.get(id);
    if (upload?.state.kind !== 'Open') return false;
    uploads.set(id, { ...upload, state });
    return true;
  };
  const repository: Pick<UploadRepository, 'find' | 'reject' | 'publish'> = {
    find: (id) => Promise.resolve(uploads.get(id) ?? null),
    reject: (id, { code }) => Promise.resolve(close(id, { kind: 'Rejected', code })),
    async publish({ image: promised, digest, made }) {
      const picture = pictures.get(digest) ?? made?.picture;
      if (picture === undefined) return { kind: 'NoPicture' };
      if (!close(promised.id, { kind: 'Published' })) return { kind: 'Closed' };
      const usesMade = picture === made?.picture;
      if (usesMade) await removals.forget(made.reservation);
      pictures.set(digest, picture);
      const { contentType, size, width, height, variants, placeholder, dominantColor } = picture;
      const image = { ...promised, contentType, size, width, height, variants, placeholder, dominantColor };
      images.set(image.id, image);
      return { kind: 'Published', image, usesMade };
    },
  };
  return {
    uploads: repository,
    images: { findMany: (ids: readonly string[]) => Promise.resolve(new Map([...images].filter(([id]) => ids.includes(id)))) },
    pictures: { isShownTo: (_onlooker: unknown, digest: string) => Promise.resolve(pictures.has(digest)) },
    published: () => [...images.values()],
    keys: () => [...pictures.values()].flatMap(pictureKeys).sort(),
    forgetUploads: () => uploads.clear(),
    deleteImages() {
      images.clear();
      pictures.clear();
    },
  };
}
