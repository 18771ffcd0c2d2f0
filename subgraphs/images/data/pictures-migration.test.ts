import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../../shared/config/project-root.js';
import { openEmbedded } from '../../../shared/database/embedded/embedded.js';
import { createImageRepository } from './image-repository.js';
import { createPictureRepository } from './picture-repository.js';
import { createImagesPrisma } from './prisma.js';
import { pictureKeys } from '../services/pictures/picture.js';

const migrations = join(projectRoot, 'subgraphs/images/prisma/migrations');

describe('A database from before pictures were shared', () => {
  it('keeps every image under its address, and puts the objects down that nothing shows', async () => {
    const database = await openEmbedded('memory://');
    const former = await mkdtemp(join(tmpdir(), 'galaxia-migrations-'));
    try {
      for (const name of await readdir(migrations)) {
        if (!name.endsWith('_images_pictures')) await cp(join(migrations, name), join(former, name), { recursive: true });
      }
      await database.migrate({ name: 'images', folder: former });
      const prisma = createImagesPrisma(database);
      const [image, open] = [randomUUID(), randomUUID()];
      const [shown, unused] = ['a'.repeat(32), 'b'.repeat(32)];
      for (const [id, name] of [[image, shown] as const, [open, unused] as const]) {
        await prisma.$executeRaw`
          INSERT INTO images.upload (id, owner_id, purpose, content_type, size, object_name, created_at, expires_at)
          VALUES (${id}::uuid, ${image}::uuid, 'GALLERY', 'image/png', 5, ${name}, '2026-01-01T00:00:00Z', '2026-01-01T00:15:00Z')`;
      }
      await prisma.$executeRaw`
        INSERT INTO images.image (id, owner_id, purpose, name, content_type, size, width, height, created_at)
        VALUES (${image}::uuid, ${image}::uuid, 'GALLERY', ${`${shown}.webp`}, 'image/webp', 7, 40, 30, '2026-01-01T00:01:00Z')`;

      await database.migrate({ name: 'images', folder: migrations });

      const picture = await createPictureRepository(prisma).find(`${shown}.webp`);
      expect(picture === null ? [] : pictureKeys(picture)).toEqual([`images/${shown}.webp`]);
      expect((await createImageRepository(prisma).findMany([image])).get(image)).toMatchObject({
        width: 40,
        height: 30,
        size: 7,
        variants: [],
        placeholder: null,
        dominantColor: null,
      });
      const down = await prisma.objectRemoval.findMany({ orderBy: { key: 'asc' } });
      expect(down.map(({ key }) => key)).toEqual([`images/${unused}.webp`, `uploads/${shown}`, `uploads/${unused}`]);
      expect(new Set(down.map(({ dueAt }) => dueAt.toISOString()))).toEqual(new Set(['2026-01-01T01:15:00.000Z']));
      await prisma.$disconnect();
    } finally {
      await database.close();
      await rm(former, { recursive: true });
    }
  }, 120_000);
});
