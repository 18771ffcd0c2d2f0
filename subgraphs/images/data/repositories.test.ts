import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { v7 as uuidV7 } from 'uuid';
import { projectRoot } from '../../../shared/config/project-root.js';
import { testDatabases, type OpenedDatabase } from '../../../tests/testkit/databases.js';
import type { Image } from '../services/image.js';
import type { Usage } from '../services/uploads/upload-repository.js';
import type { Upload } from '../services/uploads/upload.js';
import { createImageRepository } from './image-repository.js';
import { createImagesPrisma, type ImagesPrisma } from './prisma.js';
import { createUploadRepository } from './upload-repository.js';

const databases = await testDatabases();
afterAll(async () => {
  for (const database of databases) await database.stop();
});

describe.each(databases)('The repositories on $name', ({ open }) => {
  let opened: OpenedDatabase;
  let prisma: ImagesPrisma;
  /** The same database as another process sees it. */
  let elsewhere: ImagesPrisma;

  beforeAll(async () => {
    opened = await open();
    await opened.database.migrate({ name: 'images', folder: join(projectRoot, 'subgraphs/images/prisma/migrations') });
    prisma = createImagesPrisma(opened.database);
    elsewhere = createImagesPrisma(await opened.again());
  }, 120_000);
  afterAll(async () => {
    await prisma.$disconnect();
    await elsewhere.$disconnect();
    await opened.close();
  });

  it('let no two uploads take the last place, in one process or in two', async () => {
    const repositories = [createUploadRepository(prisma), createUploadRepository(elsewhere)];
    const ownerId = randomUUID();
    const judge = ({ openUploads }: Usage) => ({ isAllowed: openUploads < 3 });
    const verdicts = await Promise.all(
      Array.from({ length: 5 }, () => repositories.map((uploads) => uploads.open(newUpload({ ownerId }), judge))).flat(),
    );
    expect(verdicts.filter(({ isAllowed }) => isAllowed)).toHaveLength(3);
  });

  it('count what an owner has: images, and uploads that are open and not expired', async () => {
    const uploads = createUploadRepository(prisma);
    const ownerId = randomUUID();
    const allow = () => ({ isAllowed: true });
    await uploads.open(newUpload({ size: 1 }), allow);
    await uploads.open(newUpload({ ownerId, size: 2, expiresAt: new Date(1000) }), allow);
    const refused = newUpload({ ownerId, size: 4 });
    await uploads.open(refused, allow);
    await uploads.reject(refused.id, { code: 'CORRUPT', at: new Date(0) });
    const published = newUpload({ ownerId, size: 8 });
    await uploads.open(published, allow);
    await uploads.publish(imageOf(published, { size: 16 }));
    await uploads.open(newUpload({ ownerId, size: 32, expiresAt: new Date(5000) }), allow);
    const seen: Usage[] = [];
    await uploads.open(newUpload({ ownerId, createdAt: new Date(1000) }), (usage) => {
      seen.push(usage);
      return { isAllowed: false };
    });
    expect(seen).toEqual([{ images: 1, bytes: 48, openUploads: 1, firstExpiresAt: new Date(5000) }]);
  });

  it('close an upload once, whoever comes first', async () => {
    const [here, there] = [createUploadRepository(prisma), createUploadRepository(elsewhere)];
    const upload = newUpload();
    await here.open(upload, () => ({ isAllowed: true }));
    expect(await there.find(upload.id)).toEqual(upload);
    const outcomes = await Promise.all([
      here.publish(imageOf(upload)),
      there.publish(imageOf(upload)),
      here.reject(upload.id, { code: 'CORRUPT', at: new Date(0) }),
      there.reject(upload.id, { code: 'CORRUPT', at: new Date(0) }),
    ]);
    expect(outcomes.filter(Boolean)).toHaveLength(1);
    const images = await createImageRepository(prisma).findMany([upload.id]);
    const state = (await here.find(upload.id))?.state;
    expect(state).toEqual(images.size === 1 ? { kind: 'Published' } : { kind: 'Rejected', code: 'CORRUPT' });
  });

  it('publish an image and close its upload together, or neither', async () => {
    const uploads = createUploadRepository(prisma);
    const [first, second] = [newUpload(), newUpload()];
    for (const upload of [first, second]) await uploads.open(upload, () => ({ isAllowed: true }));
    await uploads.publish(imageOf(first));
    await expect(uploads.publish(imageOf(second, { name: imageOf(first).name }))).rejects.toThrow();
    expect((await uploads.find(second.id))?.state).toEqual({ kind: 'Open' });
  });

  it('list a page at a time without losing or repeating one, also within one millisecond', async () => {
    const [uploads, images] = [createUploadRepository(prisma), createImageRepository(prisma)];
    const ownerId = randomUUID();
    for (const createdAt of [3, 1, 2, 2, 2, 1]) {
      const upload = newUpload({ ownerId });
      await uploads.open(upload, () => ({ isAllowed: true }));
      await uploads.publish(imageOf(upload, { createdAt: new Date(createdAt) }));
    }
    const seen: Image[] = [];
    for (let last: Image | undefined; ; last = seen.at(-1)) {
      const after = last === undefined ? null : { createdAt: last.createdAt.getTime(), id: last.id };
      const page = await images.listOwn(ownerId, { limit: 2, after });
      seen.push(...page.slice(0, 2));
      if (page.length <= 2) break;
    }
    expect(new Set(seen.map(({ id }) => id)).size).toBe(6);
    expect(seen.map(({ createdAt }) => createdAt.getTime())).toEqual([3, 2, 2, 2, 1, 1]);
  });
});

function newUpload(change: Partial<Upload> = {}): Upload {
  return {
    id: uuidV7(),
    ownerId: randomUUID(),
    purpose: 'GALLERY',
    contentType: 'image/png',
    size: 5,
    objectName: randomUUID().replaceAll('-', ''),
    createdAt: new Date(0),
    expiresAt: new Date(900_000),
    state: { kind: 'Open' },
    ...change,
  };
}

function imageOf({ id, ownerId, purpose, objectName }: Upload, change: Partial<Image> = {}): Image {
  const name = `${objectName}.webp`;
  return { id, ownerId, purpose, name, contentType: 'image/webp', size: 7, width: 1, height: 1, createdAt: new Date(0), ...change };
}
