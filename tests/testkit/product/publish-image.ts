import { randomBytes } from 'node:crypto';
import sharp from 'sharp';
import { list, text, type Json } from './graphql-client.js';

/** An upload that was opened: how its bytes are sent. */
export interface OpenedUpload {
  readonly id: string;
  /** Relative to the origin that the upload was opened at, or absolute. */
  readonly url: string;
  readonly method: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}

/** Who publishes: `ask` answers `data` of an operation. */
interface Publisher {
  ask(query: string, variables: object): Promise<{ readonly data: Json }>;
}
interface Door {
  readonly url: string;
}
type Purpose = 'AVATAR' | 'GALLERY';

/** Reads an `ImageUpload` of which `id url method headers { name value }` were asked for; anything else fails the test right away. */
export function toOpenedUpload(upload: Json | undefined): OpenedUpload {
  const headers = list(upload?.headers).map(({ name, value }) => ({ name: text(name), value: text(value) }));
  return { id: text(upload?.id), url: text(upload?.url), method: text(upload?.method), headers };
}

/** Sends the bytes of an upload just as its answer says. */
export function sendUpload(origin: string, { url, method, headers }: OpenedUpload, bytes: Uint8Array): Promise<Response> {
  return fetch(new URL(url, origin), {
    method,
    headers: headers.map(({ name, value }): [string, string] => [name, value]),
    body: new Uint8Array(bytes),
  });
}

/**
 * Opens an upload and sends a picture of 64×48 pixels; nothing is published yet. Answers the id of the upload. The picture has a colour of
 * its own: who shows a picture of somebody else's keeps its bytes when that one goes.
 */
export async function sendImage({ url }: Door, person: Publisher, purpose: Purpose): Promise<string> {
  const [r, g, b] = randomBytes(3);
  const bytes = await sharp({ create: { width: 64, height: 48, channels: 3, background: { r, g, b } } })
    .png()
    .toBuffer();
  const opened = await person.ask(
    `mutation ($input: CreateImageUploadInput!) { createImageUpload(input: $input) { ... on ImageUpload { id url method headers { name value } } } }`,
    { input: { contentType: 'image/png', size: bytes.length, purpose } },
  );
  const upload = toOpenedUpload(opened.data.createImageUpload);
  const sent = await sendUpload(url, upload, bytes);
  if (!sent.ok) throw new Error(`The upload was answered with ${String(sent.status)}`);
  return upload.id;
}

/** Opens, sends and completes. */
export async function publishImage(
  door: Door,
  person: Publisher,
  purpose: Purpose,
): Promise<{ readonly id: string; readonly url: string }> {
  const id = await sendImage(door, person, purpose);
  const { data } = await person.ask(
    'mutation ($id: ID!) { completeImageUpload(input: { id: $id }) { ... on ImagePayload { image { id url } } ... on UserError { message } } }',
    { id },
  );
  const { image, message } = data.completeImageUpload ?? {};
  if (image === undefined) throw new Error(`The image was not published: ${JSON.stringify(message)}`);
  return { id: text(image.id), url: text(image.url) };
}
