import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AppError, unauthenticated } from '../../../shared/errors/app-error.js';
import { csrfHeader } from '../../../shared/http/csrf-header.js';
import type { SessionEnder } from '../services/sessions/session-ender.js';
import type { RefreshOutcome, SessionRefresher } from '../services/sessions/session-refresher.js';
import type { Throttles } from '../services/throttling/throttles.js';

/** `__Host-` makes browsers insist on Secure, Path=/ and no Domain: no other host, not even a subdomain, can set it (RFC 6265bis). */
const cookieName = '__Host-galaxia-refresh';
const attributes = 'Path=/; Secure; HttpOnly; SameSite=Strict';
/** In bytes. */
const bodyLimit = 1_024;

const parking = z.object({ refreshToken: z.string().max(200) });

export interface BrowserSessionsOptions {
  readonly sessionRefresher: SessionRefresher;
  readonly sessionEnder: SessionEnder;
  readonly throttles: Throttles;
  readonly now?: () => number;
}

/**
 * Sessions of web pages, whose refresh token no script ever holds (SECURITY 28). `POST /session/cookie` takes the one that a sign-in gave
 * and puts its successor into a cookie; `POST /session/refresh` answers a new access token; `POST /session/logout` ends the session. All
 * want `x-galaxia-csrf: 1`, which a form cannot send and a foreign page only after a preflight that the gateway does not grant; the
 * gateway checks `Origin` too.
 */
export function browserSessionRoutes({ sessionRefresher, sessionEnder, throttles, now = Date.now }: BrowserSessionsOptions) {
  return async (app: FastifyInstance): Promise<void> => {
    await app.register((scope, _options, done) => {
      // A form can send text, and JSON can be written as text.
      scope.removeContentTypeParser('text/plain');
      scope.addHook('onRequest', (request, reply, next) => {
        reply.header('cache-control', 'no-store');
        next(
          request.headers[csrfHeader] === '1'
            ? undefined
            : new AppError('FORBIDDEN', `Send the header "${csrfHeader}: 1" with this request.`),
        );
      });

      scope.post('/session/cookie', { bodyLimit }, async (request, reply) => {
        await throttles.perNetwork('refreshes', clientIp(request));
        const body = parking.safeParse(request.body);
        if (!body.success) throw new AppError('BAD_USER_INPUT', 'Send {"refreshToken": "…"} as JSON.');
        return answer(reply, await sessionRefresher.bindToBrowser(body.data.refreshToken));
      });

      scope.post('/session/refresh', { bodyLimit }, async (request, reply) => {
        await throttles.perNetwork('refreshes', clientIp(request));
        return answer(reply, await sessionRefresher.refresh(readCookie(request) ?? '', 'cookie'));
      });

      scope.post('/session/logout', { bodyLimit }, async (request, reply) => {
        const refreshToken = readCookie(request);
        if (refreshToken !== null) await sessionEnder.logout(null, refreshToken);
        return clearCookie(reply).code(204).send();
      });
      done();
    });
  };

  function answer(reply: FastifyReply, outcome: RefreshOutcome) {
    if (outcome.kind === 'InvalidRefreshToken') {
      clearCookie(reply);
      throw unauthenticated('The session has ended: sign in again.');
    }
    const { accessToken, refreshToken, expiresAt, session } = outcome;
    const maxAge = Math.max(0, Math.floor((session.expiresAt.getTime() - now()) / 1000));
    reply.header('set-cookie', `${cookieName}=${refreshToken}; ${attributes}; Max-Age=${maxAge}`);
    return { accessToken, expiresAt: expiresAt.toISOString() };
  }
}

function clearCookie(reply: FastifyReply): FastifyReply {
  return reply.header('set-cookie', `${cookieName}=; ${attributes}; Max-Age=0`);
}

function readCookie(request: FastifyRequest): string | null {
  const prefix = `${cookieName}=`;
  const pair = request.headers.cookie
    ?.split(';')
    .map((each) => each.trim())
    .find((each) => each.startsWith(prefix));
  return pair?.slice(prefix.length) ?? null;
}

/** The gateway writes it, over whatever a client has sent. */
function clientIp(request: FastifyRequest): string | null {
  const address = request.headers['x-client-ip'];
  return typeof address === 'string' ? address : null;
}
