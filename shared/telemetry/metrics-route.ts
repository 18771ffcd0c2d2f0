import type { FastifyInstance } from 'fastify';
import { AppError } from '../errors/app-error.js';
import { checkBearer } from '../http/bearer-secret.js';
import type { MetricsConfig } from './telemetry-variables.js';

/** Metrics as they are told: prom-client's registry, or several of them added up. */
export interface MetricsSource {
  readonly contentType: string;
  metrics(): Promise<string>;
}

/** Adds `GET /metrics` in Prometheus' text format. */
export function addMetricsRoute(app: FastifyInstance, source: MetricsSource, { token }: MetricsConfig): void {
  const mayRead = token === undefined ? undefined : checkBearer(token);
  app.get('/metrics', async (request, reply) => {
    if (mayRead?.(request.headers.authorization) === false) {
      throw new AppError('UNAUTHENTICATED', 'Metrics are told to who sends their token as "authorization: Bearer …".');
    }
    return reply
      .header('cache-control', 'no-store')
      .type(source.contentType)
      .send(await source.metrics());
  });
}
