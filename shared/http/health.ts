import type { FastifyInstance } from 'fastify';
import type { DependencyStatus } from '../graphql/subgraph.js';

/** A dependency that has not answered by then counts as down, in ms. */
const defaultTimeoutMs = 2_000;

/**
 * Adds `GET /health/live` (the process turns) and `GET /health/ready` (everything that it needs answers; 503 otherwise), with the state and
 * latency of each dependency: `degraded` when one does not answer without which it is ready.
 */
export function addHealthRoutes(app: FastifyInstance, ready: () => Promise<readonly DependencyStatus[]>): void {
  app.get('/health/live', () => ({ status: 'ok' }));
  app.get('/health/ready', async (_request, reply) => {
    const dependencies = await ready();
    const failing = dependencies.filter(({ ok }) => !ok);
    const isReady = failing.every(({ isRequired = true }) => !isRequired);
    return reply
      .code(isReady ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ status: isReady ? (failing.length === 0 ? 'ok' : 'degraded') : 'unavailable', dependencies });
  });
}

/** Measures one dependency by `ping`; never throws. The cause of a failure is told in words that hold no address and no credential. */
export async function checkDependency(
  name: string,
  ping: () => Promise<unknown>,
  { timeoutMs = defaultTimeoutMs, now = () => performance.now() }: { timeoutMs?: number; now?: () => number } = {},
): Promise<DependencyStatus> {
  const started = now();
  const latency = () => Math.round((now() - started) * 10) / 10;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<'timeout'>((resolve) => {
    timer = setTimeout(() => resolve('timeout'), timeoutMs);
  });
  try {
    const outcome = await Promise.race([ping(), timeout]);
    if (outcome === 'timeout') return { name, ok: false, latencyMs: latency(), error: `no answer within ${timeoutMs} ms` };
    return { name, ok: true, latencyMs: latency() };
  } catch {
    return { name, ok: false, latencyMs: latency(), error: 'does not answer' };
  } finally {
    clearTimeout(timer);
  }
}
