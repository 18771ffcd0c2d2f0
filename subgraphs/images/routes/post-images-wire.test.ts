import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { startImages, startTimeoutMs, type ImagesUnderTest } from '../../../tests/testkit/product/images-subgraph.js';
import { encodeAs, redAndBlue } from '../../../tests/testkit/product/pictures.js';

describe('POST /images on the wire', () => {
  let images: ImagesUnderTest;
  let png: Buffer;
  let alice: string;
  beforeAll(async () => {
    images = await startImages();
    png = await encodeAs('image/png', redAndBlue());
  }, startTimeoutMs);
  afterAll(() => images.close());
  beforeEach(() => {
    alice = randomUUID();
  });

  async function usage(person: string) {
    const { data } = await images.ask(person, '{ imageUsage { images bytes } }');
    return data.imageUsage ?? {};
  }

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

  it('takes four forms of one user at a time, and forgets one whose sender is gone', async () => {
    const sockets = Array.from({ length: 4 }, () => {
      const socket = connect(Number(new URL(images.url).port), '127.0.0.1').on('error', () => undefined);
      const type = 'Content-Type: multipart/form-data; boundary=b';
      socket.write(`POST /images HTTP/1.1\r\nHost: x\r\nAuthorization: ${alice}\r\n${type}\r\nContent-Length: 1000\r\n\r\n${head}`);
      return socket;
    });
    const empty = Buffer.from('--b--');
    const status = () => send(`Content-Length: ${empty.length}`, empty);
    while ((await status()) !== 429);
    sockets[0]?.destroy();
    while ((await status()) !== 400);
    for (const socket of sockets) socket.destroy();
    expect(await usage(alice)).toMatchObject({ images: 0 });
  });

  it('refuses 10,000 parts', async () => {
    const body = Buffer.from('--b\r\nContent-Disposition: form-data; name="x"\r\n\r\nx\r\n'.repeat(10_000));
    expect(await send(`Content-Length: ${body.length}`, body)).toBe(400);
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
