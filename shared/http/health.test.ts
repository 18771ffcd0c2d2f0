import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../logging/logger.js';
import { addHealthRoutes, checkDependency } from './health.js';
import { createHttpServer } from './server.js';

const logger = createLogger({ name: 'test', level: 'silent' });

describe('Readiness', () => {
  it('is 503 and names the dependency when one is down, without its address', async () => {
    const app = createHttpServer({ logger });
    addHealthRoutes(app, async () => [
      await checkDependency('database', () => Promise.reject(new Error('connect ECONNREFUSED 10.1.2.3:5432'))),
      await checkDependency('bus', () => Promise.resolve()),
    ]);
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    const response = await fetch(`${url}/health/ready`);
    const live = await fetch(`${url}/health/live`);
    await app.close();
    expect(live.status).toBe(200);
    expect(response.status).toBe(503);
    const body = await response.text();
    expect(body).not.toContain('10.1.2.3');
    expect(JSON.parse(body)).toMatchObject({
      status: 'unavailable',
      dependencies: [
        { name: 'database', ok: false, latencyMs: expect.any(Number) },
        { name: 'bus', ok: true, latencyMs: expect.any(Number) },
      ],
    });
  });

  it.each([
    ['unavailable', 503, [{ ok: false }, { ok: false, isRequired: false }]],
    ['degraded', 200, [{ ok: true }, { ok: false, isRequired: false }]],
    ['ok', 200, [{ ok: true }, { ok: true, isRequired: false }]],
  ])('is %s (%i) by what is required alone', async (status, code, states) => {
    const app = createHttpServer({ logger });
    addHealthRoutes(app, () => Promise.resolve(states.map((state, index) => ({ name: String(index), latencyMs: 1, ...state }))));
    const response = await fetch(`${await app.listen({ host: '127.0.0.1', port: 0 })}/health/ready`);
    await app.close();
    expect([response.status, await response.json()]).toEqual([code, expect.objectContaining({ status })]);
  });

  it('does not wait for a dependency that hangs', async () => {
    const status = await checkDependency('database', () => new Promise(() => undefined), { timeoutMs: 5 });
    expect(status).toMatchObject({ ok: false, error: 'no answer within 5 ms' });
  });
});
