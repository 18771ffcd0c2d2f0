import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import sharp from 'sharp';
import { startImages, startTimeoutMs, type ImagesUnderTest } from '../../../tests/testkit/images-subgraph.js';

interface Posted {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown> & { readonly errors?: readonly { message: string; extensions: Record<string, unknown> }[] };
}

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

  function form(fields: readonly (readonly [string, string | Blob])[]): FormData {
    const data = new FormData();
    for (const [name, value] of fields) {
      if (typeof value === 'string') data.append(name, value);
      else data.append(name, value, 'cat.png');
    }
    return data;
  }

  const file = (bytes: Uint8Array = png, type = 'image/png') => new Blob([new Uint8Array(bytes)], { type });

  async function post(
    body: FormData | string,
    { person = alice, query = '', headers = {} }: { person?: string | null; query?: string; headers?: Record<string, string> } = {},
  ): Promise<Posted> {
    const response = await fetch(`${images.url}/images${query}`, {
      method: 'POST',
      body,
      headers: { ...(person === null ? {} : { authorization: person }), ...headers },
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as Posted['body'] };
  }

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

  it('answers the same image when it is sent again with the same key, also at the same time', async () => {
    const headers = { 'idempotency-key': 'try' };
    const answers = await Promise.all([1, 2, 3].map(() => post(form([['file', file()]]), { headers })));
    answers.push(await post(form([['file', file()]]), { headers }));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(await usage(alice)).toMatchObject({ images: 1 });

    expect((await post(form([['file', file()]]), { headers, person: randomUUID() })).body.id).not.toBe(answers[0]?.body.id);
    expect((await post(form([['file', file()]]), { headers: { 'idempotency-key': 'another' } })).body.id).not.toBe(answers[0]?.body.id);
    expect(await post(form([['file', file(Buffer.concat([png, png]))]]), { headers })).toMatchObject({
      status: 422,
      body: { errors: [{ extensions: { code: 'BAD_USER_INPUT', fields: [{ path: 'idempotencyKey', code: 'ALREADY_USED' }] } }] },
    });
    expect(await post(form([['file', file()]]), { headers: { 'idempotency-key': 'x'.repeat(65) } })).toMatchObject({ status: 400 });
  });

  it('says the same no again when a refused file is sent again with the same key', async () => {
    const headers = { 'idempotency-key': 'bad' };
    const broken = () => form([['file', file(png.subarray(0, 60))]]);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect(await post(broken(), { headers })).toMatchObject({ status: 422, body: { errors: [{ extensions: { code: 'CORRUPT' } }] } });
    }
  });

  it('finishes an upload that createImageUpload has opened with the same key', async () => {
    const upload = await images.open(alice, { contentType: 'image/png', size: png.length, idempotencyKey: 'both' });
    expect((await post(form([['file', file()]]), { headers: { 'idempotency-key': 'both' } })).body.id).toBe(upload.id);
    const again = await images.open(alice, { contentType: 'image/png', size: png.length, idempotencyKey: 'both' });
    expect(again.id).toBe(upload.id);
    expect((await images.send(again, png)).status).toBe(409);
    expect(await images.complete(alice, again.id)).toMatchObject({ __typename: 'ImagePayload', image: { id: upload.id } });
  });

  it('says that an image was deleted whose form is sent again', async () => {
    const headers = { 'idempotency-key': 'gone' };
    const { body } = await post(form([['file', file()]]), { headers });
    await images.ask(alice, 'mutation ($id: ID!) { deleteImage(input: { id: $id }) { __typename } }', { id: body.id });
    expect(await post(form([['file', file()]]), { headers })).toMatchObject({ status: 404 });
  });

  async function usage(person: string) {
    const { data } = await images.ask(person, '{ imageUsage { images bytes } }');
    return data.imageUsage ?? {};
  }

  describe('on the wire', () => {
    const boundary = 'b';
    const head = '--b\r\nContent-Disposition: form-data; name="file"; filename="cat.png"\r\nContent-Type: image/png\r\n\r\n';
    const whole = () => Buffer.concat([Buffer.from(head), png, Buffer.from('\r\n--b--\r\n')]);

    /** Sends a request as it is and answers the status; 0 when the connection ends without one. */
    async function send(headers: string, body: Buffer, { thenLeave = false } = {}): Promise<number> {
      const socket = connect(Number(new URL(images.url).port), '127.0.0.1');
      socket.on('error', () => undefined);
      const request = `POST /images HTTP/1.1\r\nHost: x\r\nAuthorization: ${alice}\r\nContent-Type: multipart/form-data; boundary=${boundary}\r\n${headers}\r\n\r\n`;
      socket.write(request);
      socket.write(body, () => thenLeave && socket.destroy());
      let answer = '';
      socket.on('data', (chunk: Buffer) => {
        answer += chunk.toString('latin1');
        if (/^HTTP\/1\.1 [2-5]/.test(answer)) socket.destroy();
      });
      await new Promise((resolve) => socket.once('close', resolve));
      return Number(/^HTTP\/1\.1 ([2-5]\d\d)/.exec(answer)?.[1] ?? 0);
    }

    const chunked = (body: Buffer) => Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')]);

    it('takes a body of which nobody says how long it is', async () => {
      expect(await send('Transfer-Encoding: chunked', chunked(whole()))).toBe(201);
    });

    it('answers on a connection that goes on to be used, although the form was refused in its middle', async () => {
      const parts = Buffer.concat([Buffer.from(head.replace('"file"', '"other"')), Buffer.alloc(3_000_000), Buffer.from('\r\n--b--\r\n')]);
      const socket = connect(Number(new URL(images.url).port), '127.0.0.1');
      let answers = '';
      const both = new Promise<void>((resolve) => {
        socket.on('data', (chunk: Buffer) => {
          answers += chunk.toString('latin1');
          if ((answers.match(/HTTP\/1\.1 /g) ?? []).length === 2) resolve();
        });
      });
      socket.write(
        `POST /images HTTP/1.1\r\nHost: x\r\nAuthorization: ${alice}\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: ${parts.length}\r\n\r\n`,
      );
      socket.write(parts);
      socket.write('GET /media/x HTTP/1.1\r\nHost: x\r\n\r\n');
      await both;
      socket.destroy();
      expect(answers.match(/HTTP\/1\.1 (\d+)/g)).toEqual(['HTTP/1.1 400', 'HTTP/1.1 404']);
    });

    it('refuses a body that is shorter than Content-Length says, and keeps nothing of it', async () => {
      expect(await send(`Content-Length: ${whole().length + 10}`, whole().subarray(0, -20), { thenLeave: true })).toBe(0);
      expect(await usage(alice)).toMatchObject({ images: 0 });
    });

    it('refuses a body of which Content-Length cuts off the end', async () => {
      expect(await send(`Content-Length: ${whole().length - 8}`, whole())).toBe(400);
      expect(await usage(alice)).toMatchObject({ images: 0 });
    });

    it('refuses a form that goes on and on, without an end', async () => {
      for (const body of [Buffer.from('x'.repeat(5000)), Buffer.from(`--b\r\n${'x-y: z\r\n'.repeat(2000)}`)]) {
        expect(await send('Transfer-Encoding: chunked', Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body]))).toBe(400);
      }
    });

    it.each([
      '../../../../etc/passwd',
      '..\\\\..\\\\boot.ini',
      '/etc/passwd',
      'a\u0000.png',
      'a\u0007\u001b[31m.png',
      '\u202egnp.exe',
      'x'.repeat(4000),
      '',
      'CON',
      '.htaccess',
      'cat.png/../../x',
      '%2e%2e%2f',
    ])('takes nothing from the name %j', async (name) => {
      const body = Buffer.from(whole().toString('latin1').replace('cat.png', Buffer.from(name).toString('latin1')), 'latin1');
      expect(await send(`Content-Length: ${body.length}`, body)).toBe(name.includes('\0') ? 400 : 201);
    });
  });
});
