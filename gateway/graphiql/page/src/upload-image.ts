import { post } from './fetcher.js';

const create = `mutation CreateImageUpload($upload: CreateImageUploadInput!) {
  createImageUpload(input: $upload) {
    ... on ImageUpload { id url method headers { name value } }
    ... on UserError { code message }
  }
}`;
const complete = `mutation CompleteImageUpload($id: ID!) {
  completeImageUpload(input: { id: $id }) {
    ... on ImagePayload { image { id url width height contentType size } }
    ... on UserError { code message }
  }
}`;
const wear = `mutation SetAvatar($imageId: ID!) {
  setAvatar(input: { imageId: $imageId }) {
    ... on SetAvatarPayload { user { username avatar { url } } }
    ... on UserError { code message }
  }
}`;

/** Uploads `file`, publishes it and makes it the caller's avatar. Answers the last step's answer: of the step that failed, or of `setAvatar`. */
export async function uploadAvatar(url: string, file: File, headers: Readonly<Record<string, string>>): Promise<Record<string, unknown>> {
  const created = await post(
    url,
    { query: create, variables: { upload: { contentType: file.type, size: file.size, purpose: 'AVATAR' } } },
    headers,
  );
  const upload = asUpload(field(created.data, 'createImageUpload'));
  if (upload === null) return created;

  const sent = await fetch(new URL(upload.url, url), { method: upload.method, headers: upload.headers, body: file });
  if (!sent.ok) return { errors: [{ message: `The bytes were refused: ${sent.status} ${await sent.text()}`.trim() }] };

  const completed = await post(url, { query: complete, variables: { id: upload.id } }, headers);
  const image = field(field(completed.data, 'completeImageUpload'), 'image');
  const imageId = field(image, 'id');
  if (typeof imageId !== 'string') return completed;

  const worn = await post(url, { query: wear, variables: { imageId } }, headers);
  return { ...worn, data: { ...asObject(completed.data), ...asObject(worn.data) } };
}

function asUpload(value: unknown) {
  const [id, url, method, headers] = [field(value, 'id'), field(value, 'url'), field(value, 'method'), field(value, 'headers')];
  if (typeof id !== 'string' || typeof url !== 'string' || typeof method !== 'string' || !Array.isArray(headers)) return null;
  const pairs = headers.map((header: unknown): [string, string] => [String(field(header, 'name')), String(field(header, 'value'))]);
  return { id, url, method, headers: pairs };
}

function field(value: unknown, key: string): unknown {
  return asObject(value)[key];
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
