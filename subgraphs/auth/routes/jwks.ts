import type { FastifyInstance } from 'fastify';
import type { PublishedKeys } from '../../../shared/auth/key-feed.js';
import { jwksPath } from '../../../shared/graphql/paths.js';

/**
 * `GET /.well-known/jwks.json`: the public signing keys (RFC 7517), and `revoked`, the ids of those that were. Cached for a short time, so
 * that a change is soon everywhere.
 */
export function jwksRoute(jwks: () => PublishedKeys): (app: FastifyInstance) => void {
  return (app) => {
    app.get(jwksPath, (_request, reply) =>
      reply.header('cache-control', 'public, max-age=60').type('application/jwk-set+json').send(jwks()),
    );
  };
}
