import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errorBody } from '../../../shared/http/server.js';
import type { ObjectStore, StoredObject } from '../../../shared/objects/object-store.js';
import { parseImageName } from '../services/image.js';
import type { PublishedPictures } from '../services/pictures/picture-repository.js';
import { pictureKey } from '../services/pictures/picture.js';

/** The name is random and made for one content, so the answer never changes; and whatever the bytes are, no browser may run them. */
const headers = {
  'cache-control': 'public, max-age=31536000, immutable',
  'content-disposition': 'inline',
  'content-security-policy': "sandbox; default-src 'none'",
  'x-content-type-options': 'nosniff',
  // Published for everyone, so any page may show it, also on a canvas.
  'access-control-allow-origin': '*',
  'cross-origin-resource-policy': 'cross-origin',
} as const;

/** `GET` and `HEAD /media/<name>`: published images, and nothing else of the object store. */
export function getMediaRoute({
  pictures,
  objects,
}: {
  pictures: PublishedPictures;
  objects: ObjectStore;
}): (app: FastifyInstance) => void {
  async function keyOf(text: string): Promise<string | null> {
    const name = parseImageName(text);
    const picture = name === null ? null : await pictures.find(name);
    return picture === null ? null : pictureKey(picture);
  }

  return (app) => {
    app.get<{ Params: { name: string } }>('/media/:name', { exposeHeadRoute: false }, async (request, reply) => {
      const key = await keyOf(request.params.name);
      const found = key === null ? null : await objects.get(key);
      if (found === null) return notFound(reply);
      if (isKnown(request, found.object)) {
        found.body.destroy();
        return describe(reply, found.object).code(304).send();
      }
      return describe(reply, found.object).header('content-length', found.object.size).send(found.body);
    });

    app.head<{ Params: { name: string } }>('/media/:name', async (request, reply) => {
      const key = await keyOf(request.params.name);
      const object = key === null ? null : await objects.head(key);
      if (object === null) return notFound(reply);
      if (isKnown(request, object)) return describe(reply, object).code(304).send();
      return describe(reply, object).header('content-length', object.size).send();
    });
  };
}

function describe(reply: FastifyReply, object: StoredObject): FastifyReply {
  return reply.headers({ ...headers, etag: `"${object.etag}"` }).type(object.contentType);
}

function notFound(reply: FastifyReply): FastifyReply {
  return reply
    .code(404)
    .header('cache-control', 'no-store')
    .send(errorBody('NOT_FOUND', 'There is no such image.', reply.request.id));
}

/** RFC 9110, 13.1.2: weak comparison against a list of tags, or any. */
function isKnown(request: FastifyRequest, { etag }: StoredObject): boolean {
  const tags = request.headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags?.some((tag) => tag === '*' || tag === `"${etag}"`) ?? false;
}
