import type { OpenedDatabase } from '../../../tests/testkit/services/databases.js';
import { createImageRepository } from '../data/image-repository.js';
import { createObjectRemovalRepository } from '../data/object-removal-repository.js';
import { createPictureRepository } from '../data/picture-repository.js';
import { createImagesPrisma, type ImagesPrisma } from '../data/prisma.js';
import { createUploadRepository } from '../data/upload-repository.js';
import { createUserImagesRepository } from '../data/user-images-repository.js';
import { rawRemoval, type Upload } from '../services/uploads/upload.js';
import { newUpload, publicationOf } from './fixtures.js';

/** One process' handle on the database of the images subgraph. */
export interface ImagesDatabase extends ReturnType<typeof createRepositories> {
  /** Opens an upload, whatever its owner has. */
  open(change?: Partial<Upload>): Promise<Upload>;
  /** Publishes an image of a new picture, or of the one of `digest` if there is one. */
  publish(change?: Partial<Upload>, publication?: Parameters<typeof publicationOf>[1]): Promise<ReturnType<typeof publicationOf>>;
  /** Keys that are down for removal, of those given. */
  down(keys: readonly string[]): Promise<readonly string[]>;
}

/** A new database, as two processes see it. */
export async function openImagesDatabase(open: () => Promise<OpenedDatabase>) {
  const opened = await open();
  const clients = [createImagesPrisma(opened.database), createImagesPrisma(await opened.again())] as const;
  return {
    here: createImagesDatabase(clients[0]),
    there: createImagesDatabase(clients[1]),
    close: async () => {
      for (const client of clients) await client.$disconnect();
      await opened.close();
    },
  };
}

function createImagesDatabase(prisma: ImagesPrisma): ImagesDatabase {
  const repositories = createRepositories(prisma);
  const { uploads, removals } = repositories;
  return {
    ...repositories,
    async open(change) {
      const upload = newUpload(change);
      await uploads.open(upload, { raw: rawRemoval(upload), since: new Date(0), judge: () => ({ isAllowed: true }) });
      return upload;
    },
    async publish(change, options) {
      const upload = newUpload(change);
      await uploads.open(upload, { raw: rawRemoval(upload), since: new Date(0), judge: () => ({ isAllowed: true }) });
      const publication = publicationOf(upload, options);
      await removals.add(publication.made.reservation);
      const { kind } = await uploads.publish(publication);
      if (kind !== 'Published') throw new Error(`Not published: ${kind}`);
      return publication;
    },
    async down(keys) {
      const rows = await prisma.objectRemoval.findMany({ where: { key: { in: [...keys] } }, select: { key: true } });
      return rows.map(({ key }) => key).sort();
    },
  };
}

function createRepositories(prisma: ImagesPrisma) {
  return {
    prisma,
    images: createImageRepository(prisma),
    pictures: createPictureRepository(prisma),
    removals: createObjectRemovalRepository(prisma),
    uploads: createUploadRepository(prisma),
    userImages: createUserImagesRepository(prisma),
  };
}
