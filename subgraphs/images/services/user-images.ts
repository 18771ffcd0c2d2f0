import type { Viewer } from '../../../shared/auth/viewer.js';
import type { ObjectStore } from '../../../shared/objects/object-store.js';
import { imagePath, type Image } from './image.js';
import type { ObjectRemovals, Reservation } from './pictures/object-removals.js';
import { pictureKeys, type Picture } from './pictures/picture.js';
import { uploadKey, type Upload } from './uploads/upload.js';

export interface UserImagesRepository {
  /** Closes the user's open uploads, so that none of them becomes an image any more. Answers all uploads of the user. */
  close(userId: string, at: Date): Promise<readonly Upload[]>;
  /** Deletes some images of the user, with the pictures that nobody else shows; null when there are none left. */
  deleteSome(
    userId: string,
    options: { readonly at: Date; readonly keysOf: (picture: Picture) => readonly string[] },
  ): Promise<Reservation | null>;
  /** Forgets relations and announcements, and whose the uploads are. */
  forget(userId: string): Promise<void>;
  read(userId: string): Promise<{ readonly images: readonly Image[]; readonly avatarId: string | null }>;
}

interface ExportedImages {
  readonly images: readonly (Omit<Image, 'ownerId' | 'name'> & { readonly path: string })[];
  /** Which of them is the avatar; null for none. */
  readonly avatarId: string | null;
}

export interface UserImages {
  /** Erases all images of a user: rows, and bytes that nobody else shows. Harmless when repeated. */
  erase(userId: string): Promise<void>;
  /** What is kept about the user `userId`, for themself alone; null for everyone else. */
  export(viewer: Viewer | null, userId: string): Promise<ExportedImages | null>;
}

export function createUserImages({
  repository,
  objects,
  removals,
  now = Date.now,
}: {
  repository: UserImagesRepository;
  objects: Pick<ObjectStore, 'delete'>;
  removals: Pick<ObjectRemovals, 'carryOut'>;
  now?: () => number;
}): UserImages {
  return {
    async erase(userId) {
      const at = new Date(now());
      // What a request under way stores afterwards is down for removal since the upload was opened.
      for (const upload of await repository.close(userId, at)) await objects.delete(uploadKey(upload));
      for (;;) {
        const removal = await repository.deleteSome(userId, { at, keysOf: pictureKeys });
        if (removal === null) break;
        await removals.carryOut(removal);
      }
      await repository.forget(userId);
    },

    async export(viewer, userId) {
      if (viewer?.userId !== userId) return null;
      const { images, avatarId } = await repository.read(userId);
      return { images: images.map(({ ownerId: _, name, ...image }) => ({ ...image, path: imagePath(name) })), avatarId };
    },
  };
}
