import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import sharp from 'sharp';
import type { Database } from '../../shared/database/database.js';
import { startImages, startTimeoutMs, type ImagesUnderTest, type StoreKind } from '../../tests/testkit/product/images-subgraph.js';
import { openMigratedEmbedded } from '../../tests/testkit/services/migrated-embedded.js';
import { until } from '../../tests/testkit/until.js';

const kinds: StoreKind[] = ['files', 's3, through this server', 's3, directly'];

let database: Database;
beforeAll(async () => {
  database = await openMigratedEmbedded();
}, startTimeoutMs);
afterAll(() => database.close());

describe.each(kinds)('The images subgraph with its objects in %s', (kind) => {
  let images: ImagesUnderTest;
  beforeAll(async () => {
    images = await startImages(kind, database);
  }, startTimeoutMs);
  afterAll(() => images.close());

  it('refuses strangers, and other people, at every step', async () => {
    const [alice, bob] = [randomUUID(), randomUUID()];
    const bytes = await png();
    const input = { contentType: 'image/png', size: bytes.length };
    expect(await images.ask(null, createMutation, { input })).toMatchObject({ codes: ['UNAUTHENTICATED'] });
    expect(await images.complete(null, randomUUID())).toEqual({ codes: ['UNAUTHENTICATED'] });

    const upload = await images.open(alice, input);
    expect(await images.complete(bob, upload.id)).toMatchObject({ code: 'UPLOAD_NOT_FOUND' });
    await images.send(upload, bytes);
    expect(await images.complete(bob, upload.id)).toMatchObject({ code: 'UPLOAD_NOT_FOUND' });
    await images.complete(alice, upload.id);
    expect(await images.complete(bob, upload.id)).toMatchObject({ code: 'UPLOAD_NOT_FOUND' });
  });

  it('publishes uploaded bytes once, however often it is asked', async () => {
    const alice = randomUUID();
    const bytes = await png(40, 30);
    const upload = await images.open(alice, { contentType: 'image/png', size: bytes.length });
    expect(await images.complete(alice, upload.id)).toMatchObject({ __typename: 'UploadIncompleteError', code: 'UPLOAD_INCOMPLETE' });
    expect((await images.send(upload, bytes)).status).toBe(200);
    const answers = await Promise.all(Array.from({ length: 5 }, () => images.complete(alice, upload.id)));
    expect(answers[0]).toMatchObject({
      __typename: 'ImagePayload',
      image: { id: upload.id, width: 40, height: 30, contentType: 'image/webp', purpose: 'GALLERY', owner: { id: alice } },
    });
    for (const answer of [...answers, await images.complete(alice, upload.id)]) expect(answer).toEqual(answers[0]);

    const { url, size } = answers[0]?.image as { url: string; size: number };
    const response = await fetch(new URL(url, images.url));
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('image/webp');
    const served = Buffer.from(await response.arrayBuffer());
    expect(served.length).toBe(size);
    expect(await sharp(served).metadata()).toMatchObject({ format: 'webp', width: 40, height: 30 });
  });

  it('says the same no for a refused file, and removes it', async () => {
    const alice = randomUUID();
    const bytes = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');
    const upload = await images.open(alice, { contentType: 'image/png', size: bytes.length });
    await images.send(upload, bytes);
    expect(await images.complete(alice, upload.id)).toMatchObject({ __typename: 'ImageRejectedError', code: 'UNSUPPORTED_TYPE' });
    expect(await images.complete(alice, upload.id)).toMatchObject({ __typename: 'ImageRejectedError', code: 'UNSUPPORTED_TYPE' });
    expect(await images.ask(alice, '{ myImages { nodes { id } } }')).toMatchObject({ data: { myImages: { nodes: [] } } });
  });
});

describe('The images subgraph', () => {
  let images: ImagesUnderTest;
  let bytes: Buffer;
  beforeAll(async () => {
    images = await startImages('files', database);
    bytes = await png();
  }, startTimeoutMs);
  afterAll(() => images.close());

  it.each([
    ['AVATAR', 5 * 1024 * 1024],
    ['GALLERY', 25 * 1024 * 1024],
  ])('takes %s images of at most %d bytes', async (purpose, limit) => {
    const open = async (size: number) =>
      (await images.ask(randomUUID(), createMutation, { input: { contentType: 'image/png', size, purpose } })).data.createImageUpload;
    for (const size of [1, limit]) expect(await open(size)).toMatchObject({ __typename: 'ImageUpload' });
    for (const size of [-1, 0]) expect(await open(size)).toMatchObject({ fields: [{ path: 'size', code: 'TOO_SMALL' }] });
    for (const size of [limit + 1, 2 ** 31 - 1]) expect(await open(size)).toMatchObject({ fields: [{ path: 'size', code: 'TOO_LARGE' }] });
  });

  it.each(['image/svg+xml', 'text/html', 'image/heic', 'image/png; charset=utf-8', 'IMAGE/PNG', '', '__proto__'])(
    'refuses the content type %j',
    async (contentType) => {
      const { data } = await images.ask(randomUUID(), createMutation, { input: { contentType, size: 0 } });
      expect(data.createImageUpload).toMatchObject({
        code: 'INVALID_INPUT',
        fields: [
          { path: 'contentType', code: 'UNSUPPORTED_TYPE' },
          { path: 'size', code: 'TOO_SMALL' },
        ],
      });
    },
  );

  it('knows an open upload for 15 minutes', async () => {
    const alice = randomUUID();
    const upload = await images.open(alice, { contentType: 'image/png', size: bytes.length });
    await images.send(upload, bytes);
    images.clock.now += 15 * 60_000;
    expect(await images.complete(alice, upload.id)).toMatchObject({ code: 'UPLOAD_NOT_FOUND' });
    expect((await images.send(upload, bytes)).status).toBe(403);
    images.clock.now -= 1;
    expect(await images.complete(alice, upload.id)).toMatchObject({ __typename: 'ImagePayload' });
  });

  it('lets a user have 20 uploads open, also when they are opened all at once', async () => {
    const [alice, bob] = [randomUUID(), randomUUID()];
    const input = { contentType: 'image/png', size: bytes.length };
    const answers = await Promise.all(Array.from({ length: 25 }, () => images.ask(alice, createMutation, { input })));
    expect(answers.filter(({ data }) => data.createImageUpload?.__typename === 'ImageUpload')).toHaveLength(20);
    expect(answers.flatMap(({ codes }) => codes)).toEqual(Array.from({ length: 5 }, () => 'RATE_LIMITED'));
    await images.open(bob, input);
    images.clock.now += 15 * 60_000;
    await images.open(alice, input);
  });

  it('never makes an unknown or malformed id a fault', async () => {
    const alice = randomUUID();
    for (const id of ['', 'x', '__proto__', "' OR 1=1", randomUUID()]) {
      expect(await images.complete(alice, id)).toMatchObject({ code: 'UPLOAD_NOT_FOUND' });
      const { data } = await images.ask(alice, avatarMutation, { id });
      expect(data.setAvatar).toMatchObject({ code: 'IMAGE_NOT_FOUND' });
    }
    const { data, codes } = await images.ask(
      null,
      '{ _entities(representations: [{ __typename: "User", id: "x" }, { __typename: "Image", id: "x" }]) { ... on User { avatar { id } } ... on Image { url } } }',
    );
    expect(codes).toEqual([]);
    expect(data._entities).toEqual([{ avatar: null }, null]);
  });

  it("makes one's own image the avatar, and nobody else's", async () => {
    const [alice, bob] = [randomUUID(), randomUUID()];
    const first = await images.publish(alice, bytes, { purpose: 'AVATAR' });
    const second = await images.publish(alice, bytes);
    expect((await images.ask(null, avatarMutation, { id: first.id })).codes).toEqual(['UNAUTHENTICATED']);
    expect((await images.ask(bob, avatarMutation, { id: first.id })).data.setAvatar).toMatchObject({ code: 'IMAGE_NOT_FOUND' });
    for (const image of [first, second]) {
      expect((await images.ask(alice, avatarMutation, { id: image.id })).data.setAvatar).toEqual({
        __typename: 'SetAvatarPayload',
        user: { id: alice, avatar: { id: image.id } },
        image: { id: image.id },
      });
    }
    const { data } = await images.ask(
      null,
      'query ($users: [_Any!]!) { _entities(representations: $users) { ... on User { avatar { url owner { id } } } } }',
      { users: [alice, bob].map((id) => ({ __typename: 'User', id })) },
    );
    expect(data._entities).toEqual([{ avatar: { url: second.url, owner: { id: alice } } }, { avatar: null }]);
  });

  it('announces another avatar once, and not the same one again', async () => {
    const alice = randomUUID();
    const [first, second] = [await images.publish(alice, bytes), await images.publish(alice, bytes)];
    await images.ask(randomUUID(), avatarMutation, { id: first.id });
    for (const { id } of [first, first, second, second]) await images.ask(alice, avatarMutation, { id });
    await until(() => images.events.some(({ payload }) => (payload as { avatarUrl: unknown }).avatarUrl === second.url));
    expect(images.events.filter(({ payload }) => [first.url, second.url].includes((payload as { avatarUrl: unknown }).avatarUrl))).toEqual([
      expect.objectContaining({ type: 'avatar.changed', key: alice, payload: { userId: alice, avatarUrl: first.url } }),
      expect.objectContaining({ type: 'avatar.changed', key: alice, payload: { userId: alice, avatarUrl: second.url } }),
    ]);
  });

  it('pages through the gallery, the newest first, and shows avatars only to their owner', async () => {
    const alice = randomUUID();
    const published: unknown[] = [];
    for (const purpose of ['GALLERY', 'AVATAR', 'GALLERY', 'GALLERY']) {
      // Two in the same millisecond: the id decides.
      if (published.length !== 3) images.clock.now += 1000;
      published.unshift((await images.publish(alice, bytes, { purpose })).id);
    }
    const [c, b, avatar, a] = published;
    const mine = '{ myImages(first: 3) { nodes { id } pageInfo { hasNextPage } } }';
    expect((await images.ask(null, mine)).codes).toEqual(['UNAUTHENTICATED']);
    expect((await images.ask(randomUUID(), mine)).data.myImages).toEqual({ nodes: [], pageInfo: { hasNextPage: false } });
    expect((await images.ask(alice, mine)).data.myImages).toEqual({
      nodes: [c, b, avatar].map((id) => ({ id })),
      pageInfo: { hasNextPage: true },
    });

    const page = 'query ($after: String) { images(first: 2, after: $after) { edges { cursor node { id } } pageInfo { endCursor } } }';
    const firstPage = (await images.ask(null, page)).data.images as { edges: { node: { id: string } }[]; pageInfo: { endCursor: string } };
    expect(firstPage.edges.map(({ node }) => node.id)).toEqual([c, b]);
    const next = (await images.ask(null, page, { after: firstPage.pageInfo.endCursor })).data.images as typeof firstPage;
    expect(next.edges[0]?.node.id).toBe(a);

    for (const after of ['x', Buffer.from('{"createdAt":1e99,"id":"x"}').toString('base64url')]) {
      expect((await images.ask(null, page, { after })).codes).toEqual(['BAD_USER_INPUT']);
    }
    for (const first of [0, 101])
      expect((await images.ask(null, `{ images(first: ${first}) { nodes { id } } }`)).codes).toEqual(['BAD_USER_INPUT']);
  });
});

const createMutation = `mutation ($input: CreateImageUploadInput!) { createImageUpload(input: $input) {
  __typename ... on InvalidInputError { code fields { path code } } } }`;
const avatarMutation = `mutation ($id: ID!) { setAvatar(input: { imageId: $id }) {
  __typename ... on UserError { code } ... on SetAvatarPayload { user { id avatar { id } } image { id } } } }`;

/** Another picture each time: in the one database of all stores, the same would be found again, and its bytes in another store. */
function png(width = 8, height = 8): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: `#${randomBytes(3).toString('hex')}` } })
    .png()
    .toBuffer();
}
