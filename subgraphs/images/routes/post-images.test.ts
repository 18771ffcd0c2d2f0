import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import sharp from 'sharp';
import { startImages, startTimeoutMs, type ImagesUnderTest } from '../../../tests/testkit/images-subgraph.js';
import { fileOf, formOf, postImage, type PostOptions } from '../../../tests/testkit/post-image.js';

describe('POST /images', () => {
  let images: ImagesUnderTest;
  let png: Buffer;
  let alice: string;

  beforeAll(async () => {
    images = await startImages();
    png = await sharp({ create: { width: 120, height: 90, channels: 3, background: '#0a0' } })
      .png()
      .toBuffer();
  }, startTimeoutMs);
  afterAll(() => images.close());
  beforeEach(() => {
    alice = randomUUID();
  });

  const form = formOf;
  const file = (bytes: Uint8Array = png, type = 'image/png') => fileOf(bytes, type);
  const post = (body: FormData | string, options: Partial<PostOptions> = {}) => postImage(images.url, body, { person: alice, ...options });

  it('publishes the file of a form', async () => {
    const { status, headers, body } = await post(form([['file', file()]]));
    expect({ status, body }).toMatchObject({
      status: 201,
      body: {
        id: expect.any(String),
        url: expect.stringMatching(/^\/media\/[0-9a-f]{32}\.webp$/),
        width: 120,
        height: 90,
        contentType: 'image/webp',
        size: expect.any(Number),
        variants: [{ name: 'thumb', width: 96, height: 72, url: expect.stringMatching(/^\/media\/[0-9a-f]{32}\/thumb$/) }],
        placeholder: expect.any(String),
        purpose: 'GALLERY',
      },
    });
    expect(headers.get('location')).toBe(body.url);
    expect(Object.keys(body)).not.toContain('ownerId');
    const served = await fetch(new URL(String(body.url), images.url));
    expect(await sharp(await served.arrayBuffer()).metadata()).toMatchObject({ format: 'webp', width: 120 });
  });

  it('publishes an avatar, whether the address or the form says so, before the file or behind it', async () => {
    for (const [query, fields] of [
      ['?purpose=AVATAR', [['file', file()]]],
      [
        '',
        [
          ['purpose', 'AVATAR'],
          ['file', file()],
        ],
      ],
      [
        '',
        [
          ['file', file()],
          ['purpose', 'AVATAR'],
        ],
      ],
      [
        '?purpose=AVATAR',
        [
          ['file', file()],
          ['purpose', 'AVATAR'],
          ['caption', 'A cat'],
        ],
      ],
    ] as const) {
      expect(await post(form(fields), { query })).toMatchObject({ status: 201, body: { purpose: 'AVATAR' } });
    }
  });

  it('finds out the type of a file that comes without one', async () => {
    for (const type of ['', 'application/octet-stream']) {
      expect(await post(form([['file', file(png, type)]]))).toMatchObject({ status: 201 });
    }
    expect(await post(form([['file', file(Buffer.from('<svg/>'), '')]]))).toMatchObject({
      status: 415,
      body: { errors: [{ extensions: { code: 'UNSUPPORTED_TYPE' } }] },
    });
  });

  it('CSRF: knows people by the token of the header alone, before it reads a byte', async () => {
    for (const headers of [{}, { cookie: `__Host-galaxia-refresh=${alice}; authorization=${alice}` }, { 'x-user-id': alice }]) {
      expect(await post('x', { person: null, headers })).toMatchObject({
        status: 401,
        body: { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] },
      });
    }
  });

  it.each<[string, number, string, () => FormData]>([
    ['no field', 400, 'No file provided', () => form([['purpose', 'AVATAR']])],
    ['text in place of a file', 400, 'No file provided', () => form([['file', 'text']])],
    ['an empty file', 400, 'No file provided', () => form([['file', file(Buffer.alloc(0))]])],
    ['a file of another name', 400, 'No file provided', () => form([['image', file()]])],
    [
      'two files',
      400,
      'Send one file at a time.',
      () =>
        form([
          ['file', file()],
          ['file', file()],
        ]),
    ],
    [
      'an unknown purpose',
      400,
      'The purpose must be',
      () =>
        form([
          ['purpose', 'BANNER'],
          ['file', file()],
        ]),
    ],
    [
      'a field that is too long',
      400,
      'A field of the form has more than 65536 bytes.',
      () =>
        form([
          ['x', 'x'.repeat(65_537)],
          ['file', file()],
        ]),
    ],
    [
      'too many parts',
      400,
      'The form has more than 20 parts.',
      () => form([...Array.from({ length: 20 }, () => ['x', 'x'] as const), ['file', file()]]),
    ],
    ['another type than is allowed', 415, 'The content type must be one of', () => form([['file', file(png, 'image/svg+xml')]])],
    ['another type than the file has', 415, 'another type', () => form([['file', file(png, 'image/gif')]])],
    ['a damaged file', 422, 'damaged', () => form([['file', file(png.subarray(0, 60))]])],
  ])('refuses %s', async (_, status, message, body) => {
    expect(await post(body())).toMatchObject({
      status,
      body: {
        errors: [{ message: expect.stringContaining(message), extensions: { code: expect.any(String), requestId: expect.any(String) } }],
      },
    });
    expect((await usage(alice)).images).toBe(0);
  });

  it('takes a field of 64 KB and 19 of them beside the file', async () => {
    const fields = Array.from({ length: 19 }, (_, index) => [`field${index}`, index === 0 ? 'x'.repeat(65_536) : ''] as const);
    expect(await post(form([...fields, ['file', file()]]))).toMatchObject({ status: 201 });
  });

  it('refuses two purposes, in the address and in the form', async () => {
    for (const query of ['?purpose=GALLERY', '?purpose=', '?purpose=AVATAR&purpose=AVATAR']) {
      expect(
        await post(
          form([
            ['purpose', 'AVATAR'],
            ['file', file()],
          ]),
          { query },
        ),
      ).toMatchObject({ status: 400 });
    }
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json',
    'image/png',
    'multipart/form-data',
    'multipart/mixed; boundary=b',
  ])('refuses a body of type %s', async (type) => {
    expect(await post('x', { headers: { 'content-type': type } })).toMatchObject({
      status: 415,
      body: { errors: [{ extensions: { code: 'UNSUPPORTED_MEDIA_TYPE' } }] },
    });
  });

  it.each<[string, string, number]>([
    ['an avatar', 'AVATAR', 5 * 1024 * 1024],
    ['a gallery image', 'GALLERY', 25 * 1024 * 1024],
  ])('SECURITY 47: refuses a byte more than %s may have while it comes in', async (_, purpose, limit) => {
    // No image, but that is found out only after its size.
    expect(
      await post(
        form([
          ['purpose', purpose],
          ['file', file(Buffer.alloc(limit))],
        ]),
      ),
    ).toMatchObject({ status: 415 });
    for (const order of [1, -1]) {
      const fields = [
        ['purpose', purpose],
        ['file', file(Buffer.alloc(limit + 1))],
      ] as const;
      expect(await post(form(order === 1 ? fields : [...fields].reverse()))).toMatchObject({
        status: 413,
        body: { errors: [{ extensions: { code: 'TOO_LARGE' } }] },
      });
    }
  });

  async function usage(person: string) {
    const { data } = await images.ask(person, '{ imageUsage { images bytes } }');
    return data.imageUsage ?? {};
  }
});
