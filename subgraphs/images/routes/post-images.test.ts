import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { formOf, useImagePosts } from '../../../tests/testkit/product/post-image.js';

describe('POST /images', () => {
  const posts = useImagePosts();
  const { post, file } = posts;

  it('publishes the file of a form', async () => {
    const { status, headers, body } = await post(formOf([['file', file()]]));
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
    const served = await fetch(new URL(String(body.url), posts.images.url));
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
      expect(await post(formOf(fields), { query })).toMatchObject({ status: 201, body: { purpose: 'AVATAR' } });
    }
  });

  it('finds out the type of a file that comes without one', async () => {
    for (const type of ['', 'application/octet-stream']) {
      expect(await post(formOf([['file', file(posts.png, type)]]))).toMatchObject({ status: 201 });
    }
    expect(await post(formOf([['file', file(Buffer.from('<svg/>'), '')]]))).toMatchObject({
      status: 415,
      body: { errors: [{ extensions: { code: 'UNSUPPORTED_TYPE' } }] },
    });
  });

  it('CSRF: knows people by the token of the header alone, before it reads a byte', async () => {
    for (const headers of [
      {},
      { cookie: `__Host-galaxia-refresh=${posts.alice}; authorization=${posts.alice}` },
      { 'x-user-id': posts.alice },
    ]) {
      expect(await post('x', { person: null, headers })).toMatchObject({
        status: 401,
        body: { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] },
      });
    }
  });

  it.each<[string, number, string, () => FormData]>([
    ['no field', 400, 'No file provided', () => formOf([['purpose', 'AVATAR']])],
    ['text in place of a file', 400, 'No file provided', () => formOf([['file', 'text']])],
    ['an empty file', 400, 'No file provided', () => formOf([['file', file(Buffer.alloc(0))]])],
    ['a file of another name', 400, 'No file provided', () => formOf([['image', file()]])],
    [
      'two files',
      400,
      'Send one file at a time.',
      () =>
        formOf([
          ['file', file()],
          ['file', file()],
        ]),
    ],
    [
      'an unknown purpose',
      400,
      'The purpose must be',
      () =>
        formOf([
          ['purpose', 'BANNER'],
          ['file', file()],
        ]),
    ],
    [
      'a field that is too long',
      400,
      'A field of the form has more than 65536 bytes.',
      () =>
        formOf([
          ['x', 'x'.repeat(65_537)],
          ['file', file()],
        ]),
    ],
    [
      'too many parts',
      400,
      'The form has more than 20 parts.',
      () => formOf([...Array.from({ length: 20 }, () => ['x', 'x'] as const), ['file', file()]]),
    ],
    ['another type than is allowed', 415, 'The content type must be one of', () => formOf([['file', file(posts.png, 'image/svg+xml')]])],
    ['another type than the file has', 415, 'another type', () => formOf([['file', file(posts.png, 'image/gif')]])],
    ['a damaged file', 422, 'damaged', () => formOf([['file', file(posts.png.subarray(0, 60))]])],
  ])('refuses %s', async (_, status, message, body) => {
    expect(await post(body())).toMatchObject({
      status,
      body: {
        errors: [{ message: expect.stringContaining(message), extensions: { code: expect.any(String), requestId: expect.any(String) } }],
      },
    });
    expect((await usage(posts.alice)).images).toBe(0);
  });

  it('takes a field of 64 KB and 19 of them beside the file', async () => {
    const fields = Array.from({ length: 19 }, (_, index) => [`field${index}`, index === 0 ? 'x'.repeat(65_536) : ''] as const);
    expect(await post(formOf([...fields, ['file', file()]]))).toMatchObject({ status: 201 });
  });

  it('refuses two purposes, in the address and in the form', async () => {
    for (const query of ['?purpose=GALLERY', '?purpose=', '?purpose=AVATAR&purpose=AVATAR']) {
      expect(
        await post(
          formOf([
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
        formOf([
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
      expect(await post(formOf(order === 1 ? fields : [...fields].reverse()))).toMatchObject({
        status: 413,
        body: { errors: [{ extensions: { code: 'TOO_LARGE' } }] },
      });
    }
  });

  async function usage(person: string) {
    const { data } = await posts.images.ask(person, '{ imageUsage { images bytes } }');
    return data.imageUsage ?? {};
  }
});
