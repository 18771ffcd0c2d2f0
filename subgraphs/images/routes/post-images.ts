import { join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import type { AccessTokenVerifier } from '../../../shared/auth/access-token.js';
import type { Viewer } from '../../../shared/auth/viewer.js';
import { unauthenticated } from '../../../shared/errors/app-error.js';
import type { InvalidInput } from '../../../shared/errors/invalid-input.js';
import { MultipartError, multipartBoundary } from '../../../shared/http/multipart.js';
import { skipRest } from '../../../shared/http/skip-rest.js';
import { imagePath, limits, variantPath, type Image, type ImagePurpose } from '../services/image.js';
import type { RejectionCode } from '../services/processing/picture-processing.js';
import { inWorkFolder } from '../services/processing/work-folder.js';
import type { PublishFile, PublishFileResult } from '../services/uploads/publish-file.js';
import type { TakePlace } from '../services/uploads/receiving-places.js';
import { rejectionMessages } from '../services/uploads/rejection-messages.js';
import { mayHave } from '../services/uploads/reserve-upload.js';
import { parsePurpose, readImageForm, type ImageFormResult } from './image-form.js';
import { refuse, type Refusal } from './refuse.js';

export interface PostImagesOptions {
  readonly accessTokens: AccessTokenVerifier;
  readonly takePlace: TakePlace;
  readonly publishFile: PublishFile;
  /** Where files are while they come in. */
  readonly temporaryFolder: string;
}

/**
 * `POST /images` with a form: a whole upload in one request, for `curl` and whoever else has a file and a token. A page of another origin
 * may send such a form without asking (a "simple request" of CORS), so that the token of the header alone says who it is from, never a cookie.
 */
export function postImagesRoute({ accessTokens, takePlace, publishFile, temporaryFolder }: PostImagesOptions) {
  async function receive(request: FastifyRequest): Promise<Outcome> {
    const viewer = await accessTokens.verify(request.headers.authorization);
    if (viewer === null) throw unauthenticated();
    const boundary = multipartBoundary(request.headers['content-type']);
    if (boundary === null) return { kind: 'NoForm' };
    const { purpose } = request.query as { purpose?: unknown };
    const saidBefore = typeof purpose === 'string' ? parsePurpose(purpose) : null;
    if (purpose !== undefined && saidBefore === null) return { kind: 'UnknownPurpose' };
    const idempotencyKey = request.headers['idempotency-key'];

    const form = { boundary, purpose: saidBefore, idempotencyKey: typeof idempotencyKey === 'string' ? idempotencyKey : null };
    const giveBack = takePlace(viewer.userId);
    // Before the answer goes out, because whoever waits for it may send the next at once.
    return publish(viewer, bodyOf(request), form).finally(giveBack);
  }

  function publish(
    viewer: Viewer,
    body: AsyncIterable<Buffer>,
    { boundary, purpose, idempotencyKey }: { boundary: string; purpose: ImagePurpose | null; idempotencyKey: string | null },
  ): Promise<Outcome> {
    return inWorkFolder(temporaryFolder, async (folder) => {
      const read = await readImageForm(body, { boundary, path: join(folder, 'file'), purpose });
      if (read.kind !== 'Read') return read;
      return publishFile(viewer, read.form.file, { purpose: read.form.purpose ?? 'GALLERY', idempotencyKey });
    });
  }

  return (app: FastifyInstance): void => {
    app.post('/images', async (request, reply) => {
      const outcome = await receive(request).finally(() => skipRest(request.raw, { maxBytes: limits.GALLERY.maxBytes }));
      return answer(reply, outcome);
    });
  };
}

/** Left open when it is not read to its end, because the connection is still needed for the answer. */
async function* bodyOf({ body }: FastifyRequest): AsyncGenerator<Buffer, void, undefined> {
  if (!(body instanceof Readable)) return;
  try {
    yield* body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  } catch (error) {
    // The client is gone, which is no fault of ours.
    throw new MultipartError('The form breaks off.', { cause: error });
  }
}

type Outcome = PublishFileResult | Exclude<ImageFormResult, { kind: 'Read' }> | { readonly kind: 'NoForm' };

function answer(reply: FastifyReply, result: Outcome): FastifyReply {
  if (result.kind === 'Published') {
    return reply.code(201).header('location', imagePath(result.image.name)).send(describe(result.image));
  }
  return refuse(reply, refusalOf(result));
}

function refusalOf(result: Exclude<Outcome, { kind: 'Published' }>): Refusal {
  switch (result.kind) {
    case 'Rejected':
      return { status: statusOf[result.code], code: result.code, message: rejectionMessages[result.code] };
    case 'QuotaExceeded':
      return { status: 409, code: 'QUOTA_EXCEEDED', message: result.message, more: { usage: result.usage } };
    case 'InvalidInput':
      return invalidInputRefusal(result);
    case 'NotFound':
      return {
        status: 404,
        code: 'NOT_FOUND',
        message: 'The image of this idempotency key has been deleted: use a new key to send it again.',
      };
    case 'Incomplete':
      return {
        status: 409,
        code: 'CONFLICT',
        message: 'Another file has been sent with the same idempotency key at the same time. Try again.',
      };
    case 'NoForm':
      return { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE', message: 'Send multipart/form-data with the image as the field "file".' };
    case 'NoFile':
      return badInput('No file provided');
    case 'TwoFiles':
      return badInput('Send one file at a time.');
    case 'UnknownPurpose':
      return badInput('The purpose must be AVATAR or GALLERY, and be given once.');
    case 'TooLarge':
      return { status: 413, code: 'TOO_LARGE', message: `A file ${mayHave('GALLERY')}, and ${mayHave('AVATAR')}.` };
    case 'Malformed':
      return badInput(result.message);
  }
}

function badInput(message: string): Refusal {
  return { status: 400, code: 'BAD_USER_INPUT', message };
}

function invalidInputRefusal({ fields }: InvalidInput): Refusal {
  const [first] = fields;
  const message = fields.map((field) => field.message).join(' ');
  if (first?.path === 'contentType') return { status: 415, code: first.code, message };
  return { status: first?.code === 'ALREADY_USED' ? 422 : 400, code: 'BAD_USER_INPUT', message, more: { fields } };
}

const statusOf: Readonly<Record<RejectionCode, number>> = {
  UNSUPPORTED_TYPE: 415,
  TYPE_MISMATCH: 415,
  TOO_LARGE: 413,
  TOO_MANY_PIXELS: 422,
  CORRUPT: 422,
};

/** The image as in GraphQL, without its owner, who has asked. */
function describe({ ownerId: _, name, ...image }: Image) {
  const variants = image.variants.map((variant) => ({ ...variant, url: variantPath(name, variant.name) }));
  return { ...image, url: imagePath(name), variants };
}
