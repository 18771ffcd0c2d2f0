import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import sharp from 'sharp';
import { createDomainEvent } from '../../../../shared/events/domain-events.js';
import { testDatabases, type OpenedDatabase } from '../../../../tests/testkit/services/databases.js';
import { list } from '../../../../tests/testkit/product/graphql-client.js';
import { startImages, startTimeoutMs, type ImagesUnderTest } from '../../../../tests/testkit/product/images-subgraph.js';
import { createImagesPrisma } from '../../data/prisma.js';

const databases = await testDatabases();
describe.each(databases)('Who sees whose pictures, on $name', ({ open }) => {
  let opened: OpenedDatabase;
  let images: ImagesUnderTest;
  let bytes: Buffer;
  beforeAll(async () => {
    opened = await open();
    images = await startImages('files', opened.database);
    bytes = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#c06' } })
      .png()
      .toBuffer();
  }, startTimeoutMs);
  afterAll(async () => {
    await images.close();
    await opened.close();
  });

  type Visibility = 'EVERYONE' | 'FRIENDS' | 'NOBODY';
  const shows = (userId: string, visibility: Visibility) =>
    images.announce(createDomainEvent('profile.changed', { key: userId, payload: { userId, visibility } }));
  const relation = (a: string, b: string, { friends = false, blockers = [] as string[] } = {}) => {
    const userIds = [a, b].sort() as [string, string];
    return createDomainEvent('relation.changed', { key: userIds[0], payload: { userIds, friends, blockers } });
  };
  const relate = (...given: Parameters<typeof relation>) => images.announce(relation(...given));

  /** Somebody with an avatar and a gallery image. */
  async function newOwner(): Promise<string> {
    const owner = randomUUID();
    const { id } = await images.publish(owner, bytes, { purpose: 'AVATAR' });
    await images.ask(owner, 'mutation ($id: ID!) { setAvatar(input: { imageId: $id }) { __typename } }', { id });
    await images.publish(owner, bytes);
    return owner;
  }

  /** What `viewer` (an id, maybe with a role) sees of the owner: avatar, gallery, and the gallery image as an entity. */
  async function seen(viewer: string | null, owner: string): Promise<readonly [boolean, boolean, boolean]> {
    const own = await images.ask(owner, '{ myImages { nodes { id purpose } } }');
    const { nodes } = own.data.myImages as { nodes: { id: string; purpose: string }[] };
    const imageId = nodes.find(({ purpose }) => purpose === 'GALLERY')?.id;
    const { data, codes } = await images.ask(
      viewer,
      `query ($things: [_Any!]!) {
        _entities(representations: $things) { ... on User { avatar { id } } ... on Image { owner { id } } }
        images(first: 100) { nodes { id } }
      }`,
      {
        things: [
          { __typename: 'User', id: owner },
          { __typename: 'Image', id: imageId },
        ],
      },
    );
    expect(codes).toEqual([]);
    const [user, image] = list(data._entities);
    expect(user).toHaveProperty('avatar');
    const [avatar, entity]: readonly unknown[] = [user?.avatar, image];
    return [avatar !== null, JSON.stringify(data.images).includes(String(imageId)), entity !== null];
  }
  const all = [true, true, true];
  const none = [false, false, false];

  it('SECURITY 46: nobody but the owner sees those of a profile for NOBODY, not even friends and moderators', async () => {
    const [owner, friend] = [await newOwner(), randomUUID()];
    await relate(owner, friend, { friends: true });
    await shows(owner, 'NOBODY');
    for (const viewer of [null, friend, randomUUID(), `${randomUUID()} MODERATOR`]) expect(await seen(viewer, owner)).toEqual(none);
    expect(await seen(owner, owner)).toEqual(all);
  });

  it('SECURITY 46: friends alone see those of a profile for FRIENDS, for as long as they are', async () => {
    const [owner, friend] = [await newOwner(), randomUUID()];
    await shows(owner, 'FRIENDS');
    expect(await seen(friend, owner)).toEqual(none);
    await relate(owner, friend, { friends: true });
    for (const viewer of [null, randomUUID(), `${randomUUID()} ADMIN`]) expect(await seen(viewer, owner)).toEqual(none);
    for (const viewer of [owner, friend]) expect(await seen(viewer, owner)).toEqual(all);
    await relate(owner, friend);
    expect(await seen(friend, owner)).toEqual(none);
    await shows(owner, 'EVERYONE');
    expect(await seen(null, owner)).toEqual(all);
  });

  it('SECURITY 46: of two where one has blocked the other neither sees those of the other; everybody else does', async () => {
    for (const isOwner of [true, false]) {
      const [owner, other] = [await newOwner(), randomUUID()];
      expect(await seen(other, owner)).toEqual(all);
      await relate(owner, other, { blockers: [isOwner ? owner : other] });
      expect(await seen(other, owner)).toEqual(none);
      for (const viewer of [null, owner, randomUUID(), `${other} MODERATOR`, `${other} ADMIN`]) {
        expect(await seen(viewer, owner)).toEqual(all);
      }
      await relate(owner, other);
      expect(await seen(other, owner)).toEqual(all);
    }
  });

  it('a repeated event changes nothing back', async () => {
    const owner = await newOwner();
    const event = createDomainEvent('profile.changed', { key: owner, payload: { userId: owner, visibility: 'NOBODY' } });
    await images.announce(event);
    await shows(owner, 'EVERYONE');
    await images.announce(event);
    expect(await seen(null, owner)).toEqual(all);
  });

  it('pages through the gallery without a gap where images between are hidden', async () => {
    const [shown, hidden] = [await newOwner(), await newOwner()];
    for (const owner of [hidden, shown, hidden, shown, hidden]) await images.publish(owner, bytes);
    await shows(hidden, 'NOBODY');
    const found: string[] = [];
    for (let after: string | null = null, hasNextPage = true; hasNextPage;) {
      const { data } = await images.ask(
        null,
        'query ($after: String) { images(first: 1, after: $after) { nodes { owner { id } } pageInfo { endCursor hasNextPage } } }',
        { after },
      );
      const page = data.images as { nodes: { owner: { id: string } }[]; pageInfo: { endCursor: string; hasNextPage: boolean } };
      found.push(...page.nodes.map(({ owner }) => owner.id));
      ({ endCursor: after, hasNextPage } = page.pageInfo);
    }
    expect(found.filter((id) => id === shown)).toHaveLength(3);
    expect(found).not.toContain(hidden);
  });

  it('SECURITY 51: nothing that is announced of somebody after their deletion leaves a trace of them', async () => {
    const [owner, other] = [await newOwner(), randomUUID()];
    await shows(owner, 'FRIENDS');
    await relate(owner, other, { friends: true });
    await images.announce(createDomainEvent('user.deleted', { key: owner, payload: { userId: owner, legacyId: 1 } }));
    await shows(owner, 'NOBODY');
    await relate(owner, other, { blockers: [other] });
    const prisma = createImagesPrisma(opened.database);
    const left = [await prisma.hiddenProfile.findMany(), await prisma.relation.findMany(), await prisma.inboxEvent.findMany()];
    expect(JSON.stringify(left)).not.toContain(owner);
    await prisma.$disconnect();
  });
});
