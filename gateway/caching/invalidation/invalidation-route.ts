import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { AppError } from '../../../shared/errors/app-error.js';
import { checkBearer } from '../../../shared/http/bearer-secret.js';
import type { Logger } from '../../../shared/logging/logger.js';
import type { Supergraph } from '../../supergraph/supergraph.js';
import { invalidation, type Invalidation } from './invalidation.js';

/** How operators end what is kept. */
export interface InvalidationAccess {
  readonly secret: string;
  /** At all gateways that share it. Rejects when they cannot be told. */
  readonly invalidate: (invalidations: readonly Invalidation[]) => Promise<void>;
}

interface InvalidationRouteOptions extends InvalidationAccess {
  readonly supergraph: Pick<Supergraph, 'current'>;
  readonly logger: Logger;
}

const body = z.array(invalidation).min(1).max(1_000);

/** Adds `POST /invalidation`. */
export function addInvalidationRoute(app: FastifyInstance, { secret, invalidate, supergraph, logger }: InvalidationRouteOptions): void {
  const mayInvalidate = checkBearer(secret);
  app.post(
    '/invalidation',
    {
      // Before anything is read of the body.
      onRequest(request, _reply, done) {
        const isAllowed = mayInvalidate(request.headers.authorization);
        done(isAllowed ? undefined : new AppError('UNAUTHENTICATED', 'Send CACHE_INVALIDATION_SECRET as "authorization: Bearer …".'));
      },
    },
    async (request, reply) => {
      const read = body.safeParse(request.body);
      if (!read.success) throw new AppError('BAD_USER_INPUT', problemsOf(read.error));
      const unknown = read.data.flatMap((each, index) => unknownNames(each, supergraph).map((name) => `${index}: there is no ${name}`));
      if (unknown.length > 0) throw new AppError('BAD_USER_INPUT', unknown.join('; '));
      try {
        await invalidate(read.data);
      } catch (error) {
        logger.warn({ err: error, requestId: request.id }, 'an invalidation could not be told to all gateways');
        throw new AppError('UNAVAILABLE', 'The gateways could not all be told. Send it again.', { retryAfter: 1 });
      }
      logger.info({ requestId: request.id, invalidations: read.data.slice(0, 10), count: read.data.length }, 'kept answers ended');
      return reply.code(202).header('cache-control', 'no-store').send({ accepted: read.data.length });
    },
  );
}

function problemsOf({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`)).join('; ');
}

/** A name that is spelled wrong would end nothing, and nobody would notice. */
function unknownNames(each: Invalidation, supergraph: Pick<Supergraph, 'current'>): readonly string[] {
  const { services, supergraphSchema } = supergraph.current();
  const subgraphs = 'subgraphs' in each ? (each.subgraphs ?? []) : 'subgraph' in each && each.subgraph !== undefined ? [each.subgraph] : [];
  const type = 'type' in each && supergraphSchema.getType(each.type) === undefined ? [`type "${each.type}"`] : [];
  return [...subgraphs.filter((name) => !services.has(name)).map((name) => `subgraph "${name}"`), ...type];
}
