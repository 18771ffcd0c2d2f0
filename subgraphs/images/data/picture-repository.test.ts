import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { testDatabases } from '../../../tests/testkit/services/databases.js';
import { pictureKeys, variantKey } from '../services/pictures/picture.js';
import { newPicture, publicationOf } from '../tests/fixtures.js';
import { openImagesDatabase, type ImagesDatabase } from '../tests/images-database.js';

const databases = await testDatabases();
const rounds = Array.from({ length: 10 }, (_, index) => index);
const at = new Date(1000);
const silent = () => [];

describe.each(databases)('Pictures on $name', ({ open }) => {
  let here: ImagesDatabase;
  /** The same database as another process sees it. */
  let there: ImagesDatabase;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ here, there, close } = await openImagesDatabase(open));
  }, 120_000);
  afterAll(() => close());

  /** Every object is published or down for removal, and none is both. */
  async function expectNothingLost(publications: readonly ReturnType<typeof publicationOf>[], digest: string): Promise<void> {
    const stored = publications.flatMap(({ made }) => made.reservation.keys);
    const down = await here.down(stored);
    const row = await here.prisma.picture.findUnique({ where: { digest }, select: { id: true, objectName: true } });
    const published = publications.find(({ made }) => made.picture.id === row?.id)?.made.reservation.keys ?? [];
    expect([...down, ...published].sort()).toEqual([...stored].sort());
    expect((await here.prisma.image.count({ where: { picture: { digest } } })) > 0).toBe(row !== null);
  }

  it('are found by the names of their images, of which each has its own', async () => {
    const digest = randomUUID();
    const [one, other] = [await here.publish({}, { digest }), await there.publish({}, { digest })];
    expect(one.image.name).not.toBe(other.image.name);
    for (const { image } of [one, other]) expect(await there.pictures.find(image.name)).toEqual(one.made.picture);
    expect(await here.pictures.find(`${one.made.picture.objectName}.webp`)).toBeNull();
  });

  it('are one when two owners bring the same bytes at the same time in two processes', async () => {
    for (const _ of rounds) {
      const digest = randomUUID();
      const publications = [publicationOf(await here.open(), { digest }), publicationOf(await here.open(), { digest })] as const;
      for (const { made } of publications) await here.removals.add(made.reservation);
      const outcomes = await Promise.all([here.uploads.publish(publications[0]), there.uploads.publish(publications[1])]);
      expect(outcomes.map((outcome) => outcome.kind === 'Published' && outcome.usesMade).sort()).toEqual([false, true]);
      await expectNothingLost(publications, digest);
      expect(await here.prisma.image.count({ where: { picture: { digest } } })).toBe(2);
    }
  });

  it('stay while an image shows them, and go with the last', async () => {
    const digest = randomUUID();
    const [one, other] = [await here.publish({}, { digest }), await here.publish({}, { digest })];
    const keys = pictureKeys(one.made.picture);
    expect(await here.images.delete({ id: one.image.id, at, keysOf: pictureKeys, announce: silent })).toEqual({
      removal: { keys: [], dueAt: at },
      isAnnounced: false,
    });
    expect(await there.pictures.find(one.image.name)).toBeNull();
    expect(await there.pictures.find(other.image.name)).toEqual(one.made.picture);
    expect(await here.down(keys)).toEqual([]);

    const deleted = await there.images.delete({ id: other.image.id, at, keysOf: pictureKeys, announce: silent });
    expect([...(deleted?.removal.keys ?? [])].sort()).toEqual([...keys].sort());
    expect(await here.down(keys)).toEqual([...keys].sort());
    expect(await here.pictures.find(other.image.name)).toBeNull();
    expect(await here.images.delete({ id: other.image.id, at, keysOf: pictureKeys, announce: silent })).toBeNull();
  });

  it('go once when their last two images are deleted at the same time', async () => {
    for (const _ of rounds) {
      const digest = randomUUID();
      const publications = [await here.publish({}, { digest }), await here.publish({}, { digest })] as const;
      const deleted = await Promise.all([
        here.images.delete({ id: publications[0].image.id, at, keysOf: pictureKeys, announce: silent }),
        there.images.delete({ id: publications[1].image.id, at, keysOf: pictureKeys, announce: silent }),
      ]);
      expect(deleted.map((each) => each?.removal.keys.length).sort()).toEqual([0, 2]);
      await expectNothingLost(publications, digest);
    }
  });

  it('are kept or made anew when the last image goes while another comes', async () => {
    for (const _ of rounds) {
      const digest = randomUUID();
      const first = await here.publish({}, { digest });
      const second = publicationOf(await here.open(), { digest });
      await here.removals.add(second.made.reservation);
      const [outcome] = await Promise.all([
        here.uploads.publish(second),
        there.images.delete({ id: first.image.id, at, keysOf: pictureKeys, announce: silent }),
      ]);
      expect(outcome).toMatchObject({ kind: 'Published', image: { id: second.image.id } });
      await expectNothingLost([first, second], digest);
    }
  });

  it('are shown without being made, or the upload stays open', async () => {
    for (const _ of rounds) {
      const digest = randomUUID();
      const first = await here.publish({}, { digest });
      const upload = await here.open();
      const [outcome] = await Promise.all([
        here.uploads.publish({ ...publicationOf(upload, { digest }), made: null }),
        there.images.delete({ id: first.image.id, at, keysOf: pictureKeys, announce: silent }),
      ]);
      expect(['Published', 'NoPicture']).toContain(outcome.kind);
      expect((await there.uploads.find(upload.id))?.state).toEqual({ kind: outcome.kind === 'NoPicture' ? 'Open' : 'Published' });
      expect(await here.prisma.picture.count({ where: { digest } })).toBe(outcome.kind === 'NoPicture' ? 0 : 1);
    }
  });

  it('are not published when the sweeper has taken their objects on meanwhile', async () => {
    const publication = publicationOf(await here.open(), { dueAt: new Date(-500) });
    await here.removals.add(publication.made.reservation);
    await there.removals.claim({ now: new Date(-500), until: new Date(-400), limit: 10 });
    await expect(here.uploads.publish(publication)).rejects.toThrow('reserved for too short a time');
    expect((await here.uploads.find(publication.image.id))?.state).toEqual({ kind: 'Open' });
    expect(await here.pictures.find(publication.image.name)).toBeNull();
  });

  describe('of a known digest', () => {
    const strangers = { userId: randomUUID(), seesPastBlocks: false };

    it('are no secret to who sees an image of them', async () => {
      const { digest, image } = await here.publish();
      for (const userId of [image.ownerId, strangers.userId, null]) {
        expect(await here.pictures.isShownTo({ userId, seesPastBlocks: false }, digest)).toBe(true);
      }
      expect(await here.pictures.isShownTo(strangers, randomUUID())).toBe(false);
    });

    it('are one to everybody else', async () => {
      const { digest, image } = await here.publish();
      await here.prisma.hiddenProfile.create({ data: { userId: image.ownerId, visibility: 'NOBODY' } });
      expect(await here.pictures.isShownTo(strangers, digest)).toBe(false);
      expect(await here.pictures.isShownTo({ userId: image.ownerId, seesPastBlocks: false }, digest)).toBe(true);
    });
  });

  describe('that get a variant in another type', () => {
    const avif = (picture: ReturnType<typeof newPicture>, name: 'thumb' | 'small') => ({
      keys: [variantKey(picture, name, 'image/avif')],
      dueAt: new Date(3_600_000),
    });
    const format = { name: 'thumb', type: 'image/avif', size: 2 } as const;

    it('keep it, and lose none when two come at the same time', async () => {
      const variant = { width: 320, height: 160, formats: { 'image/webp': 4 } };
      const picture = newPicture({ variants: (['thumb', 'small'] as const).map((name) => ({ name, ...variant })) });
      const { image } = await here.publish({}, { picture });
      const [one, other] = [avif(picture, 'thumb'), avif(picture, 'small')];
      for (const reservation of [one, other]) expect(await here.removals.add(reservation)).toBe(true);
      const added = [here.pictures.addFormat(picture, format, one), there.pictures.addFormat(picture, { ...format, name: 'small' }, other)];
      expect(await Promise.all(added)).toEqual([true, true]);
      const found = await here.pictures.find(image.name);
      expect(found?.variants.map(({ formats }) => formats)).toEqual(Array(2).fill({ 'image/webp': 4, 'image/avif': 2 }));
      const keys = found === null ? [] : pictureKeys(found);
      expect(keys).toHaveLength(5);
      expect(await here.down(keys)).toEqual([]);
      expect((await here.images.delete({ id: image.id, at, keysOf: pictureKeys, announce: silent }))?.removal.keys).toHaveLength(5);
    });

    it('are made it by one at a time', async () => {
      const picture = newPicture();
      const answers = await Promise.all([here, there].map(({ removals }) => removals.add(avif(picture, 'thumb'))));
      expect(answers.sort()).toEqual([false, true]);
    });

    it('do not get it when they are gone, never had the variant, or the sweeper has been there', async () => {
      const { image, made } = await here.publish();
      const reservation = avif(made.picture, 'thumb');
      expect(await here.pictures.addFormat(made.picture, format, reservation)).toBe(false);
      await here.removals.add(reservation);
      expect(await here.pictures.addFormat(made.picture, { ...format, name: 'large' }, reservation)).toBe(false);
      await here.images.delete({ id: image.id, at, keysOf: pictureKeys, announce: silent });
      expect(await here.pictures.addFormat(made.picture, format, reservation)).toBe(false);
      expect(await here.down(reservation.keys)).toEqual(reservation.keys);
    });
  });

  it('whose variants are not as they were written are a fault', async () => {
    const { image, made } = await here.publish();
    await here.prisma.picture.update({ where: { id: made.picture.id }, data: { variants: [{ name: 'huge' }] } });
    await expect(here.pictures.find(image.name)).rejects.toThrow();
  });

  it('are gone with their owner, but not those that others show', async () => {
    const [ownerId, digest] = [randomUUID(), randomUUID()];
    const own = await here.publish({ ownerId });
    const shared = await here.publish({ ownerId }, { digest });
    const others = await here.publish({}, { digest });
    await here.images.setAvatar({ userId: ownerId, imageId: own.image.id, at, event: avatarChanged(ownerId) });
    const removal = await here.userImages.deleteSome(ownerId, { at, keysOf: pictureKeys });
    expect([...(removal?.keys ?? [])].sort()).toEqual([...pictureKeys(own.made.picture)].sort());
    expect(await here.userImages.deleteSome(ownerId, { at, keysOf: pictureKeys })).toBeNull();
    expect(await here.userImages.read(ownerId)).toEqual({ images: [], avatarId: null });
    expect(await here.pictures.find(shared.image.name)).toBeNull();
    expect(await here.pictures.find(others.image.name)).toEqual(shared.made.picture);
  });
});

function avatarChanged(userId: string) {
  return {
    id: randomUUID(),
    type: 'avatar.changed',
    key: userId,
    occurredAt: at.toISOString(),
    payload: { userId, avatarUrl: '/media/x' },
  };
}
