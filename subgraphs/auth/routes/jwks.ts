import type { FastifyInstance } from 'fastify';
import type { JSONWebKeySet } from 'jose';
import { jwksPath } from '../../../shared/graphql/paths.js';

/** `GET /.well-known/jwks.json`: the public signing keys (RFC 7517). Cached for a short time, so that a new key is soon everywhere. */
export function jwksRoute(jwks: () => JSONWebKeySet): (app: FastifyInstance) => void {
  return (app) => {
    app.get(jwksPath, (_request, reply) =>
      reply.header('cache-control', 'public, max-age=300, stale-while-revalidate=60').type('application/jwk-set+json').send(jwks()),
    );
  };
}
