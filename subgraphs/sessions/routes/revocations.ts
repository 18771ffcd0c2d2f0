import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { revocationsPath } from '../../../shared/auth/revocation-feed.js';
import type { EndedSession } from '../../../shared/auth/revocations.js';
import { AppError } from '../../../shared/errors/app-error.js';

const query = z.object({
  since: z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
});

/** `GET /internal/revocations?since=<ms>`: which sessions have ended, for the other processes. Only behind the gateway's secret. */
export function revocationsRoute(endedSince: (since: number) => Promise<readonly EndedSession[]>): (app: FastifyInstance) => void {
  return (app) => {
    app.get(revocationsPath, async (request) => {
      const parsed = query.safeParse(request.query);
      if (!parsed.success) throw new AppError('BAD_USER_INPUT', '"since" must be a time in ms since the epoch.');
      return { sessions: await endedSince(parsed.data.since) };
    });
  };
}
