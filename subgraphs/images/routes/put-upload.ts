import type { FastifyInstance, FastifyReply } from 'fastify';
import { Readable } from 'node:stream';
import { skipRest } from '../../../shared/http/skip-rest.js';
import { limits } from '../services/image.js';
import type { ReceiveResult, ReceiveUpload } from '../services/uploads/receive-upload.js';
import { refuse, type Refusal } from './refuse.js';

/** `PUT /uploads/<id>?expires=…&signature=…`: takes the bytes of an upload as they come, straight to the object store. */
export function putUploadRoute(receiveUpload: ReceiveUpload): (app: FastifyInstance) => void {
  return (app) => {
    // The parsers of the server around would hold the whole body in memory.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));

    app.put<{ Params: { id: string }; Querystring: { expires?: unknown; signature?: unknown } }>('/uploads/:id', async (request, reply) => {
      const { expires, signature } = request.query;
      const result = await receiveUpload({
        id: request.params.id,
        expires: typeof expires === 'string' ? expires : '',
        signature: typeof signature === 'string' ? signature : '',
        contentType: mediaType(request.headers['content-type']),
        contentLength: contentLength(request.headers['content-length']),
        body: request.body instanceof Readable ? request.body : Readable.from([]),
      });
      await skipRest(request.raw, { maxBytes: limits.GALLERY.maxBytes });
      return answer(reply, result);
    });
  };
}

function answer(reply: FastifyReply, result: ReceiveResult): FastifyReply {
  return result.kind === 'Stored' ? reply.code(200).header('content-length', '0').send() : refuse(reply, refusalOf(result));
}

function refusalOf(result: Exclude<ReceiveResult, { kind: 'Stored' }>): Refusal {
  switch (result.kind) {
    case 'NotFound':
      return { status: 404, code: 'NOT_FOUND', message: 'There is no such upload.' };
    case 'BadSignature':
      return {
        status: 403,
        code: 'FORBIDDEN',
        message: 'The URL has been changed: use exactly the one that createImageUpload has answered.',
      };
    case 'Expired':
      return { status: 403, code: 'FORBIDDEN', message: 'The upload has expired: open a new one.' };
    case 'Closed':
      return { status: 409, code: 'CONFLICT', message: 'The upload is complete already: completeImageUpload answers its image.' };
    case 'WrongType': {
      const message = `The Content-Type must be ${result.expected}, as the upload was opened for.`;
      return { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE', message };
    }
    case 'TooLarge': {
      const message = `The body must have exactly ${result.expected} bytes, as the upload was opened for.`;
      return { status: 413, code: 'PAYLOAD_TOO_LARGE', message };
    }
    case 'WrongSize': {
      const message = `The body must have exactly ${result.expected} bytes, and Content-Length must say so, as the upload was opened for.`;
      return { status: 400, code: 'BAD_USER_INPUT', message };
    }
  }
}

/** Without parameters, in lower case. */
function mediaType(header: string | undefined): string | undefined {
  return header?.split(';')[0]?.trim().toLowerCase();
}

function contentLength(header: string | undefined): number | null {
  return header !== undefined && /^\d{1,15}$/.test(header) ? Number(header) : null;
}
