import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import sharp from 'sharp';
import type { Database } from '../../../../shared/database/database.js';
import { createDomainEvent } from '../../../../shared/events/domain-events.js';
import { list } from '../../../../tests/testkit/product/graphql-client.js';
import { inCharge, startImages, startTimeoutMs, type ImagesUnderTest } from '../../../../tests/testkit/product/images-subgraph.js';
import { openMigratedEmbedded } from '../../../../tests/testkit/services/migrated-embedded.js';
import { createPictureRepository } from '../../data/picture-repository.js';
import { createImagesPrisma } from '../../data/prisma.js';
import { pictureKeys } from '../pictures/picture.js';
import { until } from '../../../../tests/testkit/until.js';

describe('The gallery', () => {
  let database: Database;
  let images: ImagesUnderTest;
  /** The same subgraph in another process. */
  let elsewhere: ImagesUnderTest;
  let pictures: ReturnType<typeof createPictureRepository>;
  beforeAll(async () => {
    database = await openMigratedEmbedded();
    images = await startImages('files', database);
    elsewhere = await startImages('files', database, images);
    pictures = createPictureRepository(createImagesPrisma(database));
  }, startTimeoutMs);
  afterAll(async () => {
    await elsewhere.close();
    await images.close();
    await database.close();
  });

  type Published = Awaited<ReturnType<typeof publish>>;
  async function publish(owner: string, bytes?: Buffer) {
    return (await images.publish(owner, bytes ?? (await newPng()))) as { readonly id: string; readonly url: string; readonly size: number };
  }

  const remove = async (person: string | null, id: string) => {
    const { data, codes } = await images.ask(person, deleteMutation, { id });
    return data.deleteImage ?? { codes };
  };
  const find = async (person: string | null, id: string) =>
    (await images.ask(person, 'query ($id: ID!) { image(id: $id) { id owner { id } } }', { id })).data.image;
  const usage = async (person: string) => (await images.ask(person, '{ imageUsage { images bytes maxImages maxBytes } }')).data.imageUsage;
  const avatarOf = async (id: string) => {
    const query = 'query ($users: [_Any!]!) { _entities(representations: $users) { ... on User { avatar { id } } } }';
    const { data } = await images.ask(null, query, { users: [{ __typename: 'User', id }] });
    return list(data._entities)[0]?.avatar;
  };
  const setAvatar = (person: string, id: string) =>
    images.ask(person, 'mutation ($id: ID!) { setAvatar(input: { imageId: $id }) { __typename } }', { id });
  const fetchImage = async ({ url }: Published) => (await fetch(new URL(url, images.url))).status;
  const announced = (type: string, key: string) => images.events.filter((event) => event.type === type && event.key === key);
  /** Keys of all objects behind a public address. */
  const keysOf = async ({ url }: Published) => {
    const picture = await pictures.find(url.replace('/media/', ''));
    return picture === null ? [] : pictureKeys(picture);
  };
  const stored = async (keys: readonly string[]) => (await Promise.all(keys.map((key) => images.objects.head(key)))).filter(Boolean).length;

  describe('deleting an image', () => {
    it('SECURITY 49: is refused to strangers, and the image of somebody else is none', async () => {
      const [alice, bob] = [randomUUID(), randomUUID()];
      const image = await publish(alice);
      expect(await remove(null, image.id)).toEqual({ codes: ['UNAUTHENTICATED'] });
      expect(await remove(bob, image.id)).toMatchObject({ __typename: 'ImageNotFoundError', code: 'IMAGE_NOT_FOUND' });
      expect(await find(alice, image.id)).toMatchObject({ id: image.id });
      expect(await fetchImage(image)).toBe(200);
    });

    it.each(['', 'x', '__proto__', "' OR 1=1", randomUUID()])('does not find %j', async (id) => {
      expect(await remove(randomUUID(), id)).toMatchObject({ code: 'IMAGE_NOT_FOUND' });
      expect(await find(null, id)).toBeNull();
    });

    it('leaves nothing of it: no row, no bytes, no address', async () => {
      const alice = randomUUID();
      const image = await publish(alice);
      const keys = await keysOf(image);
      expect(await stored(keys)).toBe(keys.length);
      expect(await remove(alice, image.id)).toEqual({ __typename: 'DeleteImagePayload', imageId: image.id });

      expect(await stored(keys)).toBe(0);
      expect(await find(alice, image.id)).toBeNull();
      expect((await images.ask(alice, '{ myImages { nodes { id } } }')).data.myImages).toEqual({ nodes: [] });
      expect(await usage(alice)).toMatchObject({ images: 0, bytes: 0 });
      expect(await remove(alice, image.id)).toMatchObject({ code: 'IMAGE_NOT_FOUND' });
      expect(await images.complete(alice, image.id)).toMatchObject({ code: 'UPLOAD_NOT_FOUND' });
      images.clock.now += 5000;
      expect(await fetchImage(image)).toBe(404);
    });

    it('keeps the bytes while somebody else shows them', async () => {
      const [alice, bob] = [randomUUID(), randomUUID()];
      const bytes = await newPng();
      const [hers, his] = [await publish(alice, bytes), await publish(bob, bytes)];
      const keys = await keysOf(hers);
      expect(await keysOf(his)).toEqual(keys);
      expect(hers.url).not.toBe(his.url);

      await remove(alice, hers.id);
      images.clock.now += 5000;
      expect(await fetchImage(hers)).toBe(404);
      expect(await fetchImage(his)).toBe(200);
      await remove(bob, his.id);
      expect(await stored(keys)).toBe(0);
      // And what is gone can be uploaded again.
      expect(await fetchImage(await publish(alice, bytes))).toBe(200);
    });

    it('takes the avatar with it, and announces that once', async () => {
      const alice = randomUUID();
      const [shown, other] = [await publish(alice), await publish(alice)];
      await setAvatar(alice, shown.id);
      await remove(alice, other.id);
      expect(await avatarOf(alice)).toEqual({ id: shown.id });
      const both = await images.ask(
        alice,
        `mutation ($id: ID!) { setAvatar(input: { imageId: $id }) { __typename } deleteImage(input: { id: $id }) { __typename }
          again: setAvatar(input: { imageId: $id }) { __typename } }`,
        { id: shown.id },
      );
      expect(both.data).toMatchObject({ deleteImage: { __typename: 'DeleteImagePayload' }, again: { __typename: 'ImageNotFoundError' } });
      expect(await avatarOf(alice)).toBeNull();
      await until(() => announced('avatar.changed', alice).length === 2);
      expect(announced('avatar.changed', alice).map(({ payload }) => payload)).toEqual([
        { userId: alice, avatarUrl: shown.url },
        { userId: alice, avatarUrl: null },
      ]);
    });

    it.each(['MODERATOR', 'ADMIN'] as const)('is allowed to a %s for everybody, which is announced with who and whose', async (role) => {
      const [alice, mod] = [randomUUID(), randomUUID()];
      const [hers, own] = [await publish(alice), await publish(mod)];
      expect(await remove(inCharge(mod, role), own.id)).toMatchObject({ imageId: own.id });
      expect(await remove(inCharge(mod, role), hers.id)).toEqual({ __typename: 'DeleteImagePayload', imageId: hers.id });
      expect(await find(alice, hers.id)).toBeNull();
      await until(() => announced('image.removed', alice).length === 1);
      expect(announced('image.removed', alice)[0]?.payload).toMatchObject({
        imageId: hers.id,
        ownerId: alice,
        purpose: 'GALLERY',
        actorId: mod,
      });
      expect(announced('image.removed', mod)).toEqual([]);
    });
  });

  describe('removing an avatar', () => {
    const removeAvatar = (person: string | null) =>
      images
        .ask(person, 'mutation { removeAvatar { user { id avatar { id } } } }')
        .then(({ data, codes }) => data.removeAvatar ?? { codes });

    it('is refused to strangers', async () => {
      expect(await removeAvatar(null)).toEqual({ codes: ['UNAUTHENTICATED'] });
    });

    it('keeps the image, and announces it once', async () => {
      const [alice, bob] = [randomUUID(), randomUUID()];
      const image = await publish(alice);
      await setAvatar(alice, image.id);
      expect(await removeAvatar(bob)).toEqual({ user: { id: bob, avatar: null } });
      expect(await avatarOf(alice)).toEqual({ id: image.id });
      for (let time = 0; time < 2; time += 1) expect(await removeAvatar(alice)).toEqual({ user: { id: alice, avatar: null } });
      expect(await find(alice, image.id)).toMatchObject({ id: image.id });
      await setAvatar(alice, image.id);
      await until(() => announced('avatar.changed', alice).length === 3);
      expect(announced('avatar.changed', alice).map(({ payload }) => (payload as { avatarUrl: unknown }).avatarUrl)).toEqual([
        image.url,
        null,
        image.url,
      ]);
      expect(announced('avatar.changed', bob)).toEqual([]);
    });
  });

  it('shows an image with its variants, placeholder and colour to everybody', async () => {
    const alice = randomUUID();
    const { id } = await publish(alice, await newPng(400, 200));
    const query = `query ($id: ID!) { image(id: $id) { id url placeholder dominantColor owner { id } variants { name url width height } } }`;
    const { image } = (await images.ask(null, query, { id })).data;
    expect(image).toMatchObject({
      id,
      owner: { id: alice },
      placeholder: expect.any(String),
      dominantColor: expect.stringMatching(/^#[\da-f]{6}$/),
    });
    const address = (image?.url as string).replace('.webp', '');
    expect(image?.variants).toEqual([
      { name: 'thumb', url: `${address}/thumb`, width: 96, height: 48 },
      { name: 'small', url: `${address}/small`, width: 320, height: 160 },
    ]);
    for (const variant of image?.variants as Published[]) expect(await fetchImage(variant)).toBe(200);
  });

  it('SECURITY 49: hides an image of a hidden profile from everybody but its owner', async () => {
    const alice = randomUUID();
    const image = await publish(alice);
    await images.announce(createDomainEvent('profile.changed', { key: alice, payload: { userId: alice, visibility: 'NOBODY' } }));
    for (const person of [null, randomUUID()]) expect(await find(person, image.id)).toBeNull();
    expect(await find(alice, image.id)).toMatchObject({ id: image.id });
  });

  it('tells what somebody keeps, and may keep', async () => {
    const alice = randomUUID();
    expect((await images.ask(null, '{ imageUsage { images } }')).codes).toEqual(['UNAUTHENTICATED']);
    expect(await usage(alice)).toEqual({ images: 0, bytes: 0, maxImages: 500, maxBytes: 500 * 1024 * 1024 });
    const { size } = await publish(alice);
    await images.open(alice, { contentType: 'image/png', size: 1000 });
    expect(await usage(alice)).toMatchObject({ images: 2, bytes: size + 1000 });
    images.clock.now += 15 * 60_000;
    expect(await usage(alice)).toMatchObject({ images: 1, bytes: size });
  });

  it('answers one image when an upload is completed in two processes at the same time', async () => {
    const alice = randomUUID();
    const bytes = await newPng();
    const upload = await images.open(alice, { contentType: 'image/png', size: bytes.length });
    await images.send(upload, bytes);
    const answers = await Promise.all([images, elsewhere, images, elsewhere].map((process) => process.complete(alice, upload.id)));
    expect(answers[0]).toMatchObject({ image: { id: upload.id } });
    for (const answer of [...answers, await elsewhere.complete(alice, upload.id)]) expect(answer).toEqual(answers[0]);
    expect(await usage(alice)).toMatchObject({ images: 1 });
  });

  it('erases the images of a deleted account, and the bytes that nobody else shows', async () => {
    const [alice, bob] = [randomUUID(), randomUUID()];
    const bytes = await newPng();
    const [own, shared, his] = [await publish(alice), await publish(alice, bytes), await publish(bob, bytes)];
    const keys = { own: await keysOf(own), shared: await keysOf(shared) };
    await setAvatar(alice, own.id);
    const open = await images.open(alice, { contentType: 'image/png', size: bytes.length });
    await images.send(open, bytes);
    for (let delivery = 0; delivery < 2; delivery += 1) {
      await images.announce(createDomainEvent('user.deleted', { key: alice, payload: { userId: alice, legacyId: 1 } }));
    }
    expect(await stored(keys.own)).toBe(0);
    expect(await stored(keys.shared)).toBe(keys.shared.length);
    expect(await images.complete(alice, open.id)).toMatchObject({ code: 'UPLOAD_NOT_FOUND' });
    expect(await usage(alice)).toMatchObject({ images: 0, bytes: 0 });
    expect(await avatarOf(alice)).toBeNull();
    images.clock.now += 5000;
    expect(await Promise.all([own, shared, his].map(fetchImage))).toEqual([404, 404, 200]);
  });
});

const deleteMutation = `mutation ($id: ID!) { deleteImage(input: { id: $id }) {
  __typename ... on UserError { code } ... on DeleteImagePayload { imageId } } }`;

/** Of a colour of its own, so that it is a picture of its own. */
function newPng(width = 8, height = 8): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: `#${randomBytes(3).toString('hex')}` } })
    .png()
    .toBuffer();
}
