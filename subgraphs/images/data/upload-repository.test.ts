import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { testDatabases } from '../../../tests/testkit/services/databases.js';
import type { UploadRepository, Usage } from '../services/uploads/upload-repository.js';
import { rawRemoval, uploadKey, type Upload } from '../services/uploads/upload.js';
import { newUpload, publicationOf } from '../tests/fixtures.js';
import { openImagesDatabase } from '../tests/images-database.js';

const databases = await testDatabases();
describe.each(databases)('Uploads on $name', ({ open }) => {
  let database: Awaited<ReturnType<typeof openImagesDatabase>>;
  beforeAll(async () => {
    database = await openImagesDatabase(open);
  }, 120_000);
  afterAll(() => database.close());

  const allow = () => ({ isAllowed: true });

  it('let no two take the last place, in one process or in two', async () => {
    const ownerId = randomUUID();
    const judge = ({ openUploads }: Usage) => ({ isAllowed: openUploads < 3 });
    const answers = await Promise.all(
      Array.from({ length: 5 }, () =>
        [database.here, database.there].map(({ uploads }) => openUpload(uploads, newUpload({ ownerId }), judge)),
      ).flat(),
    );
    expect(answers.filter((answer) => answer.kind === 'Judged' && answer.verdict.isAllowed)).toHaveLength(3);
  });

  it('count with the images of their owner while they are open and not expired', async () => {
    const { here } = database;
    const ownerId = randomUUID();
    await here.open({ size: 1 });
    await here.open({ ownerId, size: 2, expiresAt: new Date(1000) });
    const refused = await here.open({ ownerId, size: 4 });
    await here.uploads.reject(refused.id, { code: 'CORRUPT', at: new Date(0) });
    await here.publish({ ownerId, size: 8 });
    await here.open({ ownerId, size: 32, expiresAt: new Date(5000) });
    const seen: Usage[] = [];
    const judge = (usage: Usage) => {
      seen.push(usage);
      return { isAllowed: false };
    };
    await openUpload(here.uploads, newUpload({ ownerId, createdAt: new Date(1000) }), judge);
    expect(seen).toEqual([{ images: 1, bytes: 7 + 32, openUploads: 1, firstExpiresAt: new Date(5000) }]);
    expect(await here.uploads.usage(ownerId, new Date(1000))).toEqual(seen[0]);
    expect(await here.uploads.usage(ownerId, new Date(999))).toMatchObject({ bytes: 7 + 32 + 2, openUploads: 2 });
  });

  it('have their raw bytes down for removal from the beginning', async () => {
    const { here } = database;
    const [opened, refused] = [await here.open(), newUpload()];
    await openUpload(here.uploads, refused, () => ({ isAllowed: false }));
    expect(await here.down([uploadKey(opened), uploadKey(refused)])).toEqual([uploadKey(opened)]);
    expect(await here.prisma.objectRemoval.findUnique({ where: { key: uploadKey(opened) } })).toMatchObject({
      dueAt: rawRemoval(opened).dueAt,
    });
  });

  describe('of the same idempotency key', () => {
    const openAgain = (upload: Upload, change: Partial<Upload>) => {
      const { ownerId, idempotencyKey } = upload;
      const again = newUpload({ ownerId, idempotencyKey, ...change });
      return openUpload(database.there.uploads, again, allow, new Date(again.createdAt.getTime() - 86_400_000));
    };

    it('are one, also when they are opened at the same time in two processes', async () => {
      const change = { ownerId: randomUUID(), idempotencyKey: 'holiday' };
      const answers = await Promise.all(
        [database.here, database.there, database.here].map(({ uploads }) => openUpload(uploads, newUpload(change), allow, new Date(-1))),
      );
      expect(answers.map(({ kind }) => kind).sort()).toEqual(['Judged', 'Known', 'Known']);
      expect(await database.here.prisma.upload.count({ where: change })).toBe(1);
    });

    it("are two when they are two owners'", async () => {
      const upload = await database.here.open({ idempotencyKey: 'holiday' });
      expect(await openAgain(upload, { ownerId: randomUUID() })).toMatchObject({ kind: 'Judged' });
    });

    it('are found for a day after they were closed, and while they are open', async () => {
      const upload = await database.here.open({ idempotencyKey: 'holiday' });
      expect(await openAgain(upload, { createdAt: new Date(899_999) })).toEqual({ kind: 'Known', upload });
      await database.here.uploads.reject(upload.id, { code: 'CORRUPT', at: new Date(0) });
      const known = { kind: 'Known', upload: { id: upload.id, state: { kind: 'Rejected', code: 'CORRUPT' } } };
      expect(await openAgain(upload, { createdAt: new Date(900_000) })).toMatchObject(known);
      expect(await openAgain(upload, { createdAt: new Date(86_399_999) })).toMatchObject(known);
      expect(await openAgain(upload, { createdAt: new Date(86_400_000) })).toMatchObject({ kind: 'Judged' });
    });

    it('give the key up once they have expired without bytes', async () => {
      const upload = await database.here.open({ idempotencyKey: 'holiday' });
      const next = { createdAt: new Date(900_000), expiresAt: new Date(1_800_000) };
      expect(await openAgain(upload, next)).toMatchObject({ kind: 'Judged' });
      expect(await openAgain(upload, next)).toMatchObject({ kind: 'Known', upload: { createdAt: new Date(900_000) } });
    });

    it('are none of an owner who was erased, of whom nobody else must find them', async () => {
      const { here } = database;
      const uploads = [await here.open({ idempotencyKey: 'holiday' }), await here.open({ idempotencyKey: 'holiday' })];
      for (const { ownerId } of uploads) await here.userImages.forget(ownerId);
      for (const { id } of uploads) expect(await here.uploads.find(id)).toMatchObject({ idempotencyKey: null });
    });
  });

  it('are closed once, whoever comes first', async () => {
    const { here, there } = database;
    const upload = await here.open();
    expect(await there.uploads.find(upload.id)).toEqual(upload);
    const publications = [publicationOf(upload), publicationOf(upload)] as const;
    for (const { made } of publications) await here.removals.add(made.reservation);
    const outcomes = await Promise.all([
      here.uploads.publish(publications[0]).then(({ kind }) => kind === 'Published'),
      there.uploads.publish(publications[1]).then(({ kind }) => kind === 'Published'),
      here.uploads.reject(upload.id, { code: 'CORRUPT', at: new Date(0) }),
      there.uploads.reject(upload.id, { code: 'CORRUPT', at: new Date(0) }),
    ]);
    expect(outcomes.filter(Boolean)).toHaveLength(1);
    const images = await here.images.findMany([upload.id]);
    const state = (await here.uploads.find(upload.id))?.state;
    expect(state).toEqual(images.size === 1 ? { kind: 'Published' } : { kind: 'Rejected', code: 'CORRUPT' });
  });

  it('are forgotten after their time by one process or two, and none before', async () => {
    const { here, there } = database;
    const long = -9_000_000;
    const uploads = await Promise.all(
      [0, 1, 2, 3].map((index) => here.open({ createdAt: new Date(long), expiresAt: new Date(long + index) })),
    );
    expect(await here.uploads.forgetBefore(new Date(long), 10)).toBe(0);
    const counts = await Promise.all([here, there].map((each) => each.uploads.forgetBefore(new Date(long + 3), 2)));
    expect(counts.reduce((sum, count) => sum + count) + (await here.uploads.forgetBefore(new Date(long + 3), 2))).toBe(3);
    const left = await Promise.all(uploads.map(({ id }) => here.uploads.find(id)));
    expect(left.map((upload) => upload !== null)).toEqual([false, false, false, true]);
  });
});

/** With the uploads of one key since the epoch. */
function openUpload<Verdict extends { readonly isAllowed: boolean }>(
  uploads: UploadRepository,
  upload: Upload,
  judge: (usage: Usage) => Verdict,
  since = new Date(0),
) {
  return uploads.open(upload, { raw: rawRemoval(upload), since, judge });
}
