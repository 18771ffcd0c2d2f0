import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import Fastify, { LogController, type FastifyBaseLogger, type FastifyError, type FastifyInstance } from 'fastify';
import { AppError } from '../errors/app-error.js';
import { refusalStatus } from '../errors/refusal-status.js';
import type { Logger } from '../logging/logger.js';
import type { TrustsProxy } from './client-address.js';
import { followAllowedMethods } from './allowed-methods.js';
import { createDrain, type Drain } from './drain.js';
import { logRequest } from './log-request.js';
import { skipRest } from './skip-rest.js';

/** Bytes that a request's body may have when a route says nothing else. */
const defaultBodyLimit = 1024 * 1024;

/** Of a body that is refused; routes that take more skip it themselves. */
const mostSkippedBytes = 32 * 1024 * 1024;

export interface HttpServerOptions {
  readonly logger: Logger;
  /** Proxies whose `X-Forwarded-For` is believed; none by default. */
  readonly trustsProxy?: TrustsProxy;
  readonly bodyLimit?: number;
  /** Asked before Fastify; what it takes (true) Fastify never sees: its routing and hooks cost 25 µs of CPU for a request. */
  readonly first?: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Whether everybody may know which methods a path has (405); without it there is nothing by others (404). */
  readonly tellsMethods?: boolean;
  /** How it ends. */
  readonly drain?: Drain;
}

/**
 * The base of every HTTP server of the product: request ids, security headers, limits, and errors in one shape. Not listening yet.
 * `request.id` is the request id and `request.ip` the client's address as seen through the trusted proxies.
 */
export function createHttpServer({
  logger,
  trustsProxy = () => false,
  bodyLimit = defaultBodyLimit,
  first,
  tellsMethods = false,
  drain = createDrain(),
}: HttpServerOptions): FastifyInstance {
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
    serverFactory(handler) {
      const listener = (request: IncomingMessage, response: ServerResponse) => {
        if (first?.(request, response) !== true) handler(request, response);
      };
      // A client that sends its headers or its body a byte at a time must not hold a connection for ever.
      return drain.createServer({ requestTimeout: 300_000, keepAliveTimeout: 65_000 }, listener);
    },
    frameworkErrors(error, request, { raw }) {
      // No hook runs for a URL that cannot be read.
      const { headers, body } = plainError('The address cannot be read.', request.id);
      raw.writeHead(error.statusCode ?? 400, headers).end(body);
    },
    clientErrorHandler: (error, socket) => refuseConnection(error, socket),
    routerOptions: { maxParamLength: 1024, ignoreTrailingSlash: true },
  });

  app.addHook('onRequest', (request, reply, done) => {
    reply.headers({ 'x-request-id': request.id, ...securityHeaders });
    done();
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    if (reply.statusCode < 400 || request.raw.complete) {
      done(null, payload);
      return;
    }
    void skipRest(request.raw, { maxBytes: mostSkippedBytes }).then(() => {
      if (!request.raw.complete) reply.raw.shouldKeepAlive = false;
      done(null, payload);
    });
  });
  app.addHook('preClose', async () => {
    await drain.begin();
  });
  app.addHook('onResponse', (request, reply, done) => {
    logRequest(logger, request, { requestId: request.id, status: reply.statusCode, ms: reply.elapsedTime });
    done();
  });
  const allowed = tellsMethods ? followAllowedMethods(app) : () => [];
  app.setNotFoundHandler((request, reply) => {
    const methods = allowed(request.url.replace(/\?.*/s, ''));
    // A route that says itself that there is nothing is one of them.
    if (methods.length === 0 || methods.includes(request.method))
      return reply.code(404).send(errorBody('NOT_FOUND', 'There is nothing here.', request.id));
    const message = `Send this by ${methods.join(' or ')}.`;
    return reply
      .code(405)
      .header('allow', methods.join(', '))
      .send(errorBody('BAD_USER_INPUT', message, request.id));
  });
  app.setErrorHandler((error: FastifyError | AppError, request, reply) => {
    if (error instanceof AppError) {
      if (error.retryAfter !== undefined) reply.header('retry-after', String(Math.ceil(error.retryAfter)));
      return reply.code(refusalStatus[error.code]).send(errorBody(error.code, error.message, request.id));
    }
    const status = error.statusCode ?? 500;
    if (status < 500) return reply.code(status).send(errorBody('BAD_USER_INPUT', error.message, request.id));
    logger.error({ err: error, requestId: request.id }, 'request failed');
    return reply.code(500).send(errorBody('INTERNAL_SERVER_ERROR', 'Something went wrong on our side.', request.id));
  });
  return app;
}

/** Answers what is no HTTP, or too slow or too much of it, before there is a request. */
function refuseConnection(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
  const { headers, body } = plainError(connectionErrors[status], randomUUID());
  const lines = Object.entries({ ...headers, connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
}

const connectionErrors = {
  400: 'This is not HTTP as it is understood here.',
  408: 'The request took too long to arrive.',
  431: 'The headers of the request are too large.',
} as const;

/** Where Fastify writes no answer. */
function plainError(message: string, id: string) {
  const body = JSON.stringify(errorBody('BAD_USER_INPUT', message, id));
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'x-request-id': id,
    ...securityHeaders,
  };
  return { headers, body };
}

/** The id of a request: the caller's when it can stand in a header and a log line without harm, otherwise a new one. */
export function requestId(given: unknown): string {
  return typeof given === 'string' && /^[\w.:/+=@-]{1,128}$/.test(given) ? given : randomUUID();
}

/** Errors have the shape of a GraphQL response on every path, so that clients need to know one only. */
export function errorBody(code: string, message: string, id: string) {
  return { errors: [{ message, extensions: { code, requestId: id } }] };
}

/** For answers that are data; a route that answers a page or an image sets its own policy. */
export const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const;
