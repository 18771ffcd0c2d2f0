import type { IncomingHttpHeaders } from 'node:http';
import { isJson, negotiateStream } from '../../shared/http/media-types.js';
import { isAllowedOrigin, type PageOrigins } from '../../shared/http/origin.js';

/** Either of them makes a browser ask first. The names are those of Apollo Server, which clients know. */
export const preflightHeaders = ['apollo-require-preflight', 'x-apollo-operation-name'] as const;

/**
 * Whether a browser would have asked us (CORS) before it sent this for a page of another site. Of types it must be the one that bodies have
 * here, readable to the letter: what a browser makes of others, by the Fetch standard or against it, is not ours to guess.
 */
export function isPreflighted(headers: IncomingHttpHeaders): boolean {
  return isJson(headers['content-type']) || preflightHeaders.some((name) => (headers[name] ?? '') !== '');
}

/**
 * Whether this is the `EventSource` of a page of ours, or of one that may use us, which can send no header of its choice. Browsers send it
 * with CORS: with the origin of another site, and with `sec-fetch-site` for their own. Pages can write neither.
 */
export function isOwnEventSource(headers: IncomingHttpHeaders, origins: PageOrigins): boolean {
  if (negotiateStream(headers.accept) !== 'text/event-stream') return false;
  return headers.origin === undefined ? headers['sec-fetch-site'] === 'same-origin' : isAllowedOrigin(headers, origins);
}

/** Headers of ours that pages of other origins may read. */
export const exposedHeaders = ['x-request-id', 'retry-after', 'etag'];

/** What a response says to a page of `origin`, as names and values in turn. The same as `@fastify/cors` says on other routes. */
export function createCorsHeaders(allowed: readonly string[]): (origin: string | undefined) => readonly string[] {
  if (allowed.length === 0) return () => [];
  const exposed = ['access-control-expose-headers', exposedHeaders.join(', ')];
  if (allowed.includes('*')) {
    const everybody = ['access-control-allow-origin', '*', ...exposed];
    return () => everybody;
  }
  const stranger = ['vary', 'Origin'];
  const known = new Map(
    allowed.map((origin) => [
      origin,
      [...stranger, 'access-control-allow-origin', origin, 'access-control-allow-credentials', 'true', ...exposed],
    ]),
  );
  return (origin) => (origin === undefined ? stranger : (known.get(origin) ?? stranger));
}
