import replyFrom from '@fastify/reply-from';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../shared/errors/app-error.js';
import { gatewaySecretHeader } from '../../shared/graphql/gateway-secret.js';
import { clientAddress, type TrustsProxy } from '../../shared/http/client-address.js';
import { csrfHeader } from '../../shared/http/csrf-header.js';
import type { PublicRoutes } from './public-routes.js';

/** What a client's request may tell a subgraph; identity, cookies and hop-by-hop headers stay behind. */
const forwarded = [
  'content-type',
  'content-length',
  'accept',
  'if-none-match',
  'if-modified-since',
  'range',
  'if-range',
  'user-agent',
  'authorization',
  'idempotency-key',
] as const;

/** And where a cookie is what the route is about. */
const forwardedWithCookies = [...forwarded, 'cookie', csrfHeader] as const;

export interface SubgraphProxyOptions extends PublicRoutes {
  /** Of the subgraph, for the log. */
  readonly name: string;
  /** Of the subgraph, without a path. */
  readonly origin: string;
  readonly gatewaySecret: string | undefined;
  readonly trustsProxy: TrustsProxy;
}

/** Passes the public routes of a subgraph on to it, streaming, when it runs as a process of its own. */
export function createSubgraphProxy({
  name,
  origin,
  title,
  routes,
  takesCookies = false,
  gatewaySecret,
  trustsProxy,
}: SubgraphProxyOptions) {
  const names: readonly string[] = takesCookies ? forwardedWithCookies : forwarded;
  return async (app: FastifyInstance): Promise<void> => {
    await app.register(replyFrom, { base: origin, disableRequestLogging: true, undici: { connections: 64, pipelining: 1 } });
    // The body goes through as it comes; the subgraph has its own limits.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));

    const pass = (request: FastifyRequest, reply: FastifyReply) => {
      // With `..` in it a path could leave these routes for others that only the secret protects.
      if (!/^(?:\/(?!\.{1,2}(?:\/|\?|$))[\w.~-]+)+(?:\?[^\s\\]*)?$/.test(request.url)) {
        throw new AppError('NOT_FOUND', 'There is nothing here.');
      }
      return reply.from(request.url, {
        // Otherwise a 503 is asked for ten times more, at once: that is for the client, which knows when to come back.
        retryDelay: () => null,
        rewriteRequestHeaders: (_request, headers) => ({
          ...Object.fromEntries(names.flatMap((header) => (headers[header] === undefined ? [] : [[header, headers[header]]]))),
          'x-request-id': request.id,
          'x-client-ip': clientAddress(request.raw, trustsProxy),
          ...(gatewaySecret === undefined ? {} : { [gatewaySecretHeader]: gatewaySecret }),
        }),
        onError: (errorReply, { error }) => {
          request.log.warn({ err: error, requestId: request.id, subgraph: name }, 'a subgraph does not answer');
          void errorReply.send(new AppError('UNAVAILABLE', `${title} cannot be reached at the moment. Try again.`, { retryAfter: 5 }));
        },
      });
    };
    for (const { method, path } of routes) app.route({ method, url: path, exposeHeadRoute: method === 'GET', handler: pass });
  };
}
