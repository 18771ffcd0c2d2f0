import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import sharp from 'sharp';
import { startImages, startTimeoutMs, type ImagesUnderTest } from './images-subgraph.js';

/** What a test reads of an answer to `POST /images`. */
export interface PostedImage {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown> & { readonly errors?: readonly { message: string; extensions: Record<string, unknown> }[] };
}

export interface PostOptions {
  /** Value of the `authorization` header; null for none. */
  readonly person: string | null;
  readonly query?: string;
  readonly headers?: Record<string, string>;
}

async function postImage(origin: string, body: FormData | string, { person, query = '', headers = {} }: PostOptions): Promise<PostedImage> {
  const response = await fetch(`${origin}/images${query}`, {
    method: 'POST',
    body,
    headers: { ...(person === null ? {} : { authorization: person }), ...headers },
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as PostedImage['body'] };
}

/** A form of texts and files, in this order. */
export function formOf(fields: readonly (readonly [name: string, value: string | Blob])[]): FormData {
  const form = new FormData();
  for (const [name, value] of fields) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, value, 'cat.png');
  }
  return form;
}

function fileOf(bytes: Uint8Array, type = 'image/png'): Blob {
  return new Blob([new Uint8Array(bytes)], { type });
}

/** What the tests of a suite post with: one subgraph for all of them, and for each test somebody who has no images yet. */
export interface ImagePosts {
  readonly images: ImagesUnderTest;
  readonly png: Buffer;
  readonly alice: string;
  /** As `alice`, unless `options` say otherwise. */
  readonly post: (body: FormData | string, options?: Partial<PostOptions>) => Promise<PostedImage>;
  readonly file: (bytes?: Uint8Array, type?: string) => Blob;
}

/** To be called once in a `describe`. Its parts are there from the first test on. */
export function useImagePosts(): ImagePosts {
  const parts: { images?: ImagesUnderTest; png?: Buffer; alice: string } = { alice: '' };
  const present = <Part>(part: Part | undefined): Part => {
    if (part === undefined) throw new Error('it is there from the first test on');
    return part;
  };
  beforeAll(async () => {
    parts.images = await startImages();
    parts.png = await sharp({ create: { width: 120, height: 90, channels: 3, background: '#0a0' } })
      .png()
      .toBuffer();
  }, startTimeoutMs);
  afterAll(() => parts.images?.close());
  beforeEach(() => {
    parts.alice = randomUUID();
  });
  return {
    get images() {
      return present(parts.images);
    },
    get png() {
      return present(parts.png);
    },
    get alice() {
      return parts.alice;
    },
    post: (body, options = {}) => postImage(present(parts.images).url, body, { person: parts.alice, ...options }),
    file: (bytes = present(parts.png), type = 'image/png') => fileOf(bytes, type),
  };
}
