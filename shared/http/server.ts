import { randomUUID } from 'node:crypto';
import Fastify, { LogController, type FastifyBaseLogger, type FastifyError, type FastifyInstance } from 'fastify';
import { AppError, type RefusalCode } from '../errors/app-error.js';
import type { Logger } from '../logging/logger.js';
import type { TrustsProxy } from './client-address.js';

/** Bytes that a request's body may have when a route says nothing else. */
const defaultBodyLimit = 1024 * 1024;

export interface HttpServerOptions {
  readonly logger: Logger;
  /** Proxies whose `X-Forwarded-For` is believed; none by default. */
  readonly trustsProxy?: TrustsProxy;
  readonly bodyLimit?: number;
}

/**
 * The base of every HTTP server of the product: request ids, security headers, limits, and errors in one shape. Not listening yet.
 * `request.id` is the request id and `request.ip` the client's address as seen through the trusted proxies.
 */
export function createHttpServer({ logger, trustsProxy = () => false, bodyLimit = defaultBodyLimit }: HttpServerOptions): FastifyInstance {
  const loggerInstance: FastifyBaseLogger = logger;
  const app = Fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit,
    // JSON.parse makes ordinary keys of these two, as it does on the WebSocket; refusing them here would only make the doors differ.
    onProtoPoisoning: 'ignore',
    onConstructorPoisoning: 'ignore',
    // What comes in over a connection that is open already was asked before we stopped; it gets its answer, and the connection ends.
    return503OnClosing: false,
    trustProxy: trustsProxy,
    requestIdHeader: false,
    genReqId: (request) => requestId(request.headers['x-request-id']),
    // A client that sends its headers or its body a byte at a time must not hold a connection for ever.
    requestTimeout: 300_000,
    keepAliveTimeout: 65_000,
    routerOptions: { maxParamLength: 1024, ignoreTrailingSlash: true },
  });

  app.addHook('onRequest', (request, reply, done) => {
    reply.headers({ 'x-request-id': request.id, ...securityHeaders });
    done();
  });
  // A connection that is kept alive after its last answer would hold up the end of the process.
  let isClosing = false;
  app.addHook('preClose', (done) => {
    isClosing = true;
    done();
  });
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (isClosing) reply.header('connection', 'close');
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    logger.debug(
      { requestId: request.id, method: request.method, path: request.url.split('?')[0], status: reply.statusCode, ms: reply.elapsedTime },
      'request',
    );
    done();
  });
  app.setNotFoundHandler((request, reply) => reply.code(404).send(errorBody('NOT_FOUND', 'There is nothing here.', request.id)));
  app.setErrorHandler((error: FastifyError | AppError, request, reply) => {
    if (error instanceof AppError) {
      if (error.retryAfter !== undefined) reply.header('retry-after', String(Math.ceil(error.retryAfter)));
      return reply.code(statusOf[error.code]).send(errorBody(error.code, error.message, request.id));
    }
    const status = error.statusCode ?? 500;
    if (status < 500) return reply.code(status).send(errorBody('BAD_REQUEST', error.message, request.id));
    logger.error({ err: error, requestId: request.id }, 'request failed');
    return reply.code(500).send(errorBody('INTERNAL_SERVER_ERROR', 'Something went wrong on our side.', request.id));
  });
  return app;
}

/** The id of a request: the caller's when it can stand in a header and a log line without harm, otherwise a new one. */
export function requestId(given: unknown): string {
  return typeof given === 'string' && /^[\w.:/+=@-]{1,128}$/.test(given) ? given : randomUUID();
}

/** Errors have the shape of a GraphQL response on every path, so that clients need to know one only. */
export function errorBody(code: string, message: string, id: string) {
  return { errors: [{ message, extensions: { code, requestId: id } }] };
}

/** HTTP status of a refusal, where the response as a whole is one. */
const statusOf: Readonly<Record<RefusalCode, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  BAD_USER_INPUT: 400,
  RATE_LIMITED: 429,
  UNAVAILABLE: 503,
  OPERATION_TOO_COMPLEX: 400,
};

/** For answers that are data; a route that answers a page or an image sets its own policy. */
const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const;
