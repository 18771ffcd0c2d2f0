import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
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
});
