import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { storeUnavailable } from '../../../shared/objects/available-object-store.js';
import type { Delivery, Media, OpenedMedia } from '../services/delivery/delivery.js';
import { parseImageName } from '../services/image.js';
import { prefersAvif } from './accepted-types.js';
import { isKnown, requestedPart } from './conditional-request.js';
import { refuse } from './refuse.js';

/** An address is random and made for one content, so the answer never changes. */
export const mediaCacheControl = 'public, max-age=31536000, immutable';
/** Until the better one is there. A redirect names a URL that is good for five minutes, and a deleted image should be gone soon. */
const briefly = 'public, max-age=60';

/** Whatever the bytes are, no browser may run them; and published for everyone, any page may show them, also on a canvas. */
const commonHeaders = {
  'content-disposition': 'inline',
  'content-security-policy': "sandbox; default-src 'none'",
  'x-content-type-options': 'nosniff',
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'etag, accept-ranges, content-range, content-length',
  'cross-origin-resource-policy': 'cross-origin',
} as const;

const refusalHeaders = {
  'cache-control': 'no-store',
  'access-control-allow-origin': '*',
  'cross-origin-resource-policy': 'cross-origin',
} as const;

type Handler = (request: FastifyRequest, reply: FastifyReply, media: Media) => Promise<FastifyReply> | FastifyReply;

/**
 * `GET` and `HEAD /media/<name>` and `/media/<name>/<variant>`: published images, and nothing else of the object store. A HEAD, and a GET
 * by somebody who has the image already, cost neither a byte nor a question to the store.
 */
export function getMediaRoute(delivery: Delivery): (app: FastifyInstance) => void {
  const found =
    (answer: Handler) =>
    async (request: FastifyRequest<{ Params: { name: string; variant?: string } }>, reply: FastifyReply): Promise<FastifyReply> => {
      const { name, variant = null } = request.params;
      const imageName = parseImageName(variant === null ? name : `${name}.webp`);
      const acceptsAvif = prefersAvif(request.headers.accept);
      const media = imageName === null ? null : await delivery.find({ imageName, variant, acceptsAvif });
      if (variant !== null) addVary(reply, 'Accept');
      return media === null ? notFound(reply) : answer(request, reply, media);
    };

  const get: Handler = async (request, reply, media) => {
    if (isKnown(request.headers, media.etag)) return describe(reply, media).code(304).send();
    const elsewhere = delivery.redirectOf(media);
    if (elsewhere !== null) return describe(reply, media).header('cache-control', briefly).redirect(elsewhere, 302);

    const part = requestedPart(request.headers, media);
    if (part.kind === 'NotSatisfiable') return notSatisfiable(reply, media);
    const opened = await delivery.open(media, part.kind === 'Part' ? part.range : null);
    if (opened === null) return notFound(reply);
    await whenReadable(opened.body).catch((error: unknown) => {
      request.log.error({ err: error, requestId: request.id }, 'the object store fails');
      throw storeUnavailable(error);
    });
    return send(reply, opened);
  };

  const head: Handler = (request, reply, media) =>
    isKnown(request.headers, media.etag)
      ? describe(reply, media).code(304).send()
      : describe(reply, media).type(media.contentType).header('content-length', media.size).send();

  return (app) => {
    for (const url of ['/media/:name', '/media/:name/:variant']) {
      app.get(url, { exposeHeadRoute: false }, found(get));
      app.head(url, found(head));
    }
  };
}

function send(reply: FastifyReply, { media, range, body }: OpenedMedia): FastifyReply {
  describe(reply, media).type(media.contentType);
  if (range === null) return reply.header('content-length', media.size).send(body);
  return reply
    .code(206)
    .header('content-range', `bytes ${range.start}-${range.end}/${media.size}`)
    .header('content-length', range.end - range.start + 1)
    .send(body);
}

function describe(reply: FastifyReply, media: Media): FastifyReply {
  return reply.headers({
    ...commonHeaders,
    'accept-ranges': 'bytes',
    'cache-control': media.isSubstitute ? briefly : mediaCacheControl,
    etag: `"${media.etag}"`,
  });
}

function notFound(reply: FastifyReply): FastifyReply {
  return refuse(reply.headers(refusalHeaders), { status: 404, code: 'NOT_FOUND', message: 'There is no such image.' });
}

function notSatisfiable(reply: FastifyReply, { size }: Media): FastifyReply {
  reply.headers(refusalHeaders).header('content-range', `bytes */${size}`);
  return refuse(reply, { status: 416, code: 'RANGE_NOT_SATISFIABLE', message: `The image has ${size} bytes.` });
}

/** Beside what CORS has said there already. */
function addVary(reply: FastifyReply, name: string): void {
  const known = reply.getHeader('vary');
  reply.header('vary', known === undefined ? name : `${String(known)}, ${name}`);
}

/** Resolves with the first bytes, and rejects when the stream breaks before: the answer can then still be a refusal. */
function whenReadable(body: Readable): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      body.off('readable', onReadable).off('error', settle).off('close', onClose);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onReadable = () => settle();
    const onClose = () => settle(new Error('The store has closed the stream'));
    body.on('readable', onReadable).on('error', settle).on('close', onClose);
  });
}
