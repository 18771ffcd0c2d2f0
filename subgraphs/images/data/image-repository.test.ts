import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { testDatabases } from '../../../tests/testkit/services/databases.js';
import type { Image } from '../services/image.js';
import { pictureKeys } from '../services/pictures/picture.js';
import { openImagesDatabase, type ImagesDatabase } from '../tests/images-database.js';

const databases = await testDatabases();
const at = new Date(1000);

describe.each(databases)('Images on $name', ({ open }) => {
  let here: ImagesDatabase;
  let there: ImagesDatabase;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ here, there, close } = await openImagesDatabase(open));
  }, 120_000);
  afterAll(() => close());

  it('are listed a page at a time without losing or repeating one, also within one millisecond', async () => {
    const ownerId = randomUUID();
    for (const createdAt of [3, 1, 2, 2, 2, 1]) await here.publish({ ownerId }, { createdAt: new Date(createdAt) });
    const seen: Image[] = [];
    for (let last: Image | undefined; ; last = seen.at(-1)) {
      const after = last === undefined ? null : { createdAt: last.createdAt.getTime(), id: last.id };
      const page = await here.images.listOwn(ownerId, { limit: 2, after });
      seen.push(...page.slice(0, 2));
      if (page.length <= 2) break;
    }
    expect(new Set(seen.map(({ id }) => id)).size).toBe(6);
    expect(seen.map(({ createdAt }) => createdAt.getTime())).toEqual([3, 2, 2, 2, 1, 1]);
  });

  it('show their picture in every list', async () => {
    const { image, made } = await here.publish();
    const onlooker = { userId: null, seesPastBlocks: false };
    const { contentType, size, width, height, placeholder, dominantColor } = made.picture;
    const variants = [{ name: 'thumb', width: 96, height: 48 }];
    const expected = { ...image, contentType, size, width, height, placeholder, dominantColor, variants };
    await here.images.setAvatar({ userId: image.ownerId, imageId: image.id, at, event: avatarChanged(image.ownerId, 'x') });
    expect((await here.images.findMany([image.id])).get(image.id)).toEqual(expected);
    expect((await here.images.findVisible(onlooker, [image.id])).get(image.id)).toEqual(expected);
    expect((await here.images.findAvatars(onlooker, [image.ownerId])).get(image.ownerId)).toEqual(expected);
    expect(await here.images.listOwn(image.ownerId, { limit: 1, after: null })).toEqual([expected]);
    expect(await here.images.listGallery(onlooker, { limit: 100, after: null })).toContainEqual(expected);
    expect(await here.userImages.read(image.ownerId)).toEqual({ images: [expected], avatarId: image.id });
  });

  it('are no avatar once they are deleted, however close the two come, and the last word tells so', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { image } = await here.publish();
      const { id, ownerId } = image;
      const set = (repository: ImagesDatabase) =>
        repository.images.setAvatar({ userId: ownerId, imageId: id, at, event: avatarChanged(ownerId, id) });
      if (round % 2 === 0) await set(here);
      const announce = ({ avatarsOf }: { avatarsOf: readonly string[] }) => avatarsOf.map((userId) => avatarChanged(userId, null));
      const [deleted] = await Promise.all([there.images.delete({ id, at, keysOf: pictureKeys, announce }), set(here), set(there)]);
      expect(deleted).not.toBeNull();
      expect(await set(here)).toBe('NoImage');
      expect((await here.userImages.read(ownerId)).avatarId).toBeNull();
      const events = await here.prisma.outboxEvent.findMany({ where: { key: ownerId }, orderBy: { sequence: 'asc' } });
      expect(events.at(-1)?.payload ?? { avatarUrl: null }).toMatchObject({ avatarUrl: null });
      expect(deleted?.isAnnounced).toBe(events.length > 0);
    }
  });

  it('are not lost as avatars to another that is deleted', async () => {
    const ownerId = randomUUID();
    const [old, next] = [await here.publish({ ownerId }), await here.publish({ ownerId })];
    await here.images.setAvatar({ userId: ownerId, imageId: old.image.id, at, event: avatarChanged(ownerId, 'old') });
    await Promise.all([
      here.images.setAvatar({ userId: ownerId, imageId: next.image.id, at, event: avatarChanged(ownerId, 'next') }),
      there.images.delete({ id: old.image.id, at, keysOf: pictureKeys, announce: () => [] }),
    ]);
    expect((await here.userImages.read(ownerId)).avatarId).toBe(next.image.id);
  });
});

function avatarChanged(userId: string, avatarUrl: string | null) {
  return { id: randomUUID(), type: 'avatar.changed', key: userId, occurredAt: at.toISOString(), payload: { userId, avatarUrl } };
}
