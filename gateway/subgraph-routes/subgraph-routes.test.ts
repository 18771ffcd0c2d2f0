import { afterEach, describe, expect, it } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { parseTrustedProxies, type TrustsProxy } from '../../shared/http/client-address.js';
import { createHttpServer } from '../../shared/http/server.js';
import { createLogger } from '../../shared/logging/logger.js';
import { addSubgraphRoutes } from './subgraph-routes.js';

const logger = createLogger({ name: 'test', level: 'silent' });
let app: FastifyInstance | undefined;
afterEach(() => app?.close());

/** A subgraph whose routes answer with what they were told. */
async function start(options: { allowed?: string[]; trustsProxy?: TrustsProxy } = {}): Promise<string> {
  app = createHttpServer({ logger });
  await addSubgraphRoutes(app, {
    routes: [
      (scope) => {
        scope.post('/session/refresh', (request) => ({ clientIp: request.headers['x-client-ip'] }));
        scope.put('/uploads/1', () => ({}));
      },
    ],
    trustsProxy: options.trustsProxy ?? (() => false),
    origins: { allowed: options.allowed ?? ['https://game.example'], publicUrl: undefined },
  });
  return app.listen({ host: '127.0.0.1', port: 0 });
}

const post = async (url: string, headers: Record<string, string> = {}) => {
  const response = await fetch(`${url}/session/refresh`, { method: 'POST', headers });
  return { status: response.status, body: await response.json() };
};

describe('The routes of subgraphs at the public door', () => {
  it.each(['https://evil.example', 'https://game.example.evil.example', 'http://game.example', 'null', 'https://galaxia.example:444', ''])(
    'SECURITY 28: refuse a POST from a page of %j',
    async (origin) => {
      const url = await start();
      await expect(post(url, { origin })).resolves.toMatchObject({
        status: 403,
        body: { errors: [{ extensions: { code: 'FORBIDDEN' } }] },
      });
    },
  );

  it('SECURITY 28: refuse a foreign page although all may ask what needs no cookie', async () => {
    const url = await start({ allowed: ['*'] });
    await expect(post(url, { origin: 'https://evil.example' })).resolves.toMatchObject({ status: 403 });
  });

  it('SECURITY 28: take a token without a cookie from every page when all are allowed, and from no foreign one otherwise', async () => {
    const page = { origin: 'https://elsewhere.example', authorization: 'Bearer x' };
    const url = await start({ allowed: ['*'] });
    await expect(post(url, page)).resolves.toMatchObject({ status: 200 });
    await expect(post(url, { ...page, cookie: 'a=b' })).resolves.toMatchObject({ status: 403 });
    await app?.close();
    await expect(post(await start(), page)).resolves.toMatchObject({ status: 403 });
  });

  it('take a POST from an allowed page, from our own and from what is no page', async () => {
    const url = await start();
    for (const origin of ['https://game.example', url]) await expect(post(url, { origin })).resolves.toMatchObject({ status: 200 });
    await expect(post(url)).resolves.toMatchObject({ status: 200 });
    // Its URL is the permission; browsers ask first (CORS).
    expect((await fetch(`${url}/uploads/1`, { method: 'PUT', headers: { origin: 'https://elsewhere.example' } })).status).toBe(200);
  });

  it('SECURITY 12: are told the address of the client by us, never by the client', async () => {
    const url = await start();
    const claims = { 'x-client-ip': '203.0.113.7', 'x-forwarded-for': '203.0.113.8' };
    await expect(post(url, claims)).resolves.toMatchObject({ body: { clientIp: '127.0.0.1' } });
  });

  it('SECURITY 12: are told what a trusted proxy says, read from the right', async () => {
    const url = await start({ trustsProxy: parseTrustedProxies(['127.0.0.1']) ?? (() => false) });
    await expect(post(url, { 'x-forwarded-for': '1.1.1.1, 203.0.113.8' })).resolves.toMatchObject({ body: { clientIp: '203.0.113.8' } });
  });
});
