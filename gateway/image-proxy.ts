import replyFrom from '@fastify/reply-from';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../shared/errors/app-error.js';
import { gatewaySecretHeader } from '../shared/graphql/gateway-secret.js';
import { clientAddress, type TrustsProxy } from '../shared/http/client-address.js';

/** What a client's request may tell the images subgraph; identity and hop-by-hop headers stay behind. */
const forwarded = [
  'content-type',
  'content-length',
  'accept',
  'if-none-match',
  'if-modified-since',
  'range',
  'user-agent',
  'authorization',
] as const;

export interface ImageProxyOptions {
  /** Of the images subgraph, without a path. */
  readonly origin: string;
  readonly gatewaySecret: string | undefined;
  readonly trustsProxy: TrustsProxy;
}

/** Passes `/uploads/…` and `/media/…` on to the images subgraph, streaming, when that runs as a process of its own. */
export function createImageProxy({ origin, gatewaySecret, trustsProxy }: ImageProxyOptions) {
  return async (app: FastifyInstance): Promise<void> => {
    await app.register(replyFrom, { base: origin, disableRequestLogging: true, undici: { connections: 64, pipelining: 1 } });
    // The body goes through as it comes; the subgraph has its own limits.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));

    const pass = (request: FastifyRequest, reply: FastifyReply) => {
      // With `..` in it a path could leave these folders for routes that only the secret protects.
      if (!/^\/(?:uploads|media)(?:\/(?!\.{1,2}(?:\/|\?|$))[\w.~-]+)+(?:\?[^\s\\]*)?$/.test(request.url)) {
        throw new AppError('NOT_FOUND', 'There is nothing here.');
      }
      return reply.from(request.url, {
        rewriteRequestHeaders: (_request, headers) => ({
          ...Object.fromEntries(forwarded.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]]))),
          'x-request-id': request.id,
          'x-client-ip': clientAddress(request.raw, trustsProxy),
          ...(gatewaySecret === undefined ? {} : { [gatewaySecretHeader]: gatewaySecret }),
        }),
        onError: (errorReply, { error }) => {
          request.log.warn({ err: error, requestId: request.id }, 'the images subgraph does not answer');
          void errorReply.send(new AppError('UNAVAILABLE', 'Images cannot be reached at the moment. Try again.', { retryAfter: 5 }));
        },
      });
    };
    app.put('/uploads/*', pass);
    app.get('/media/*', pass);
  };
}
