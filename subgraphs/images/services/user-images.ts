import type { Viewer } from '../../../shared/auth/viewer.js';
import type { ObjectStore } from '../../../shared/objects/object-store.js';
import { imageKey, imagePath, type Image } from './image.js';
import { publishedName, uploadKey, type Upload } from './uploads/upload.js';

export interface UserImagesRepository {
  /** Closes the user's open uploads, so that none of them becomes an image any more. Answers all uploads and images of the user. */
  close(userId: string, at: Date): Promise<{ readonly uploads: readonly Upload[]; readonly images: readonly Image[] }>;
  /** Forgets images, avatar, relations and announcements, and whose the uploads are; those are removed some time after they expire. */
  forget(userId: string): Promise<void>;
  read(userId: string): Promise<{ readonly images: readonly Image[]; readonly avatarId: string | null }>;
}

interface ExportedImages {
  readonly images: readonly (Omit<Image, 'ownerId' | 'name'> & { readonly path: string })[];
  /** Which of them is the avatar; null for none. */
  readonly avatarId: string | null;
}

export interface UserImages {
  /** Erases all images of a user: rows and bytes. Harmless when repeated. */
  erase(userId: string): Promise<void>;
  /** What is kept about the user `userId`, for themself alone; null for everyone else. */
  export(viewer: Viewer | null, userId: string): Promise<ExportedImages | null>;
}

export function createUserImages({
  repository,
  objects,
  now = Date.now,
}: {
  repository: UserImagesRepository;
  objects: Pick<ObjectStore, 'delete'>;
  now?: () => number;
}): UserImages {
  return {
    async erase(userId) {
      const { uploads, images } = await repository.close(userId, new Date(now()));
      // Bytes go before the rows that name them, so that a crash in between loses track of nothing. What a request under way stores
      // afterwards goes with its upload (remove-expired-uploads.ts).
      const keys = [
        ...uploads.flatMap((upload) => [uploadKey(upload), imageKey(publishedName(upload))]),
        ...images.map(({ name }) => imageKey(name)),
      ];
      for (const key of new Set(keys)) await objects.delete(key);
      await repository.forget(userId);
    },

    async export(viewer, userId) {
      if (viewer?.userId !== userId) return null;
      const { images, avatarId } = await repository.read(userId);
      return { images: images.map(({ ownerId: _, name, ...image }) => ({ ...image, path: imagePath(name) })), avatarId };
    },
  };
}
