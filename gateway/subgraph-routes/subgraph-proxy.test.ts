import { createServer, request, type IncomingHttpHeaders, type Server } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { createHttpServer } from '../../shared/http/server.js';
import { createLogger } from '../../shared/logging/logger.js';
import { publicRoutes } from './public-routes.js';
import { createSubgraphProxy } from './subgraph-proxy.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const secret = 'only-for-tests-only-for-tests-only-for-tests';

function proxyTo(name: 'auth' | 'images', origin: string) {
  const routes = publicRoutes[name];
  if (routes === undefined) throw new Error(`${name} has no public routes`);
  return createSubgraphProxy({ name, origin, gatewaySecret: secret, trustsProxy: () => false, ...routes });
}

interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: number;
}

let upstream: Server;
let app: FastifyInstance;
let port: number;
let received: Received[] = [];

beforeAll(async () => {
  upstream = createServer((incoming, response) => {
    let bytes = 0;
    incoming.on('data', (chunk: Buffer) => (bytes += chunk.length));
    incoming.on('end', () => {
      received.push({ method: incoming.method, url: incoming.url, headers: incoming.headers, bytes });
      response
        .writeHead(200, { 'content-type': 'image/webp', 'content-security-policy': 'sandbox', 'set-cookie': '__Host-a=b; Secure' })
        .end('image');
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  app = createHttpServer({ logger });
  await app.register(proxyTo('images', originOf(upstream)));
  await app.register(proxyTo('auth', originOf(upstream)));
  port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port);
});
afterAll(async () => {
  await app.close();
  upstream.closeAllConnections();
  upstream.close();
});
beforeEach(() => {
  received = [];
});

function originOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${String(address.port)}`;
}

/** Sends the path as it is; `fetch` would tidy it first. */
function send(method: string, path: string, headers: Record<string, string> = {}, body = '') {
  return new Promise<{ status: number; headers: IncomingHttpHeaders }>((resolve, reject) => {
    request({ port, host: '127.0.0.1', method, path, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }));
    })
      .on('error', reject)
      .end(body);
  });
}

describe('The proxy to the images subgraph', () => {
  it.each([
    '/media/../internal/events',
    '/media/../graphql',
    '/media/%2e%2e/graphql',
    '/media/..%2fgraphql',
    '/media/.%2e/graphql',
    '/media/..',
    '/media/..?x',
    '/media/a/../../graphql',
    '/media//graphql',
    '/media/\\..\\graphql',
    '/media/a/./b',
    '/media/',
    '/uploads/../graphql',
  ])('does not pass %s on, since the secret would open everything', async (path) => {
    for (const method of ['GET', 'PUT']) expect([400, 404]).toContain((await send(method, path)).status);
    expect(received).toEqual([]);
  });

  it.each([
    ['POST', '/media/a.webp'],
    ['GET', '/images'],
    ['POST', '/images/a'],
    ['DELETE', '/uploads/1'],
    ['GET', '/uploads/1'],
    ['PUT', '/media/a.webp'],
    ['GET', '/internal/revocations?since=0'],
  ])('does not pass %s %s on', async (method, path) => {
    expect((await send(method, path)).status).toBe(404);
    expect(received).toEqual([]);
  });

  it('passes an image on with the headers of the subgraph', async () => {
    const { status, headers } = await send('GET', '/media/0123abc.webp', { 'if-none-match': '"etag"', 'x-request-id': 'r-1' });
    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'content-type': 'image/webp', 'content-security-policy': 'sandbox', 'x-request-id': 'r-1' });
    expect(received).toMatchObject([
      {
        method: 'GET',
        url: '/media/0123abc.webp',
        headers: { 'if-none-match': '"etag"', 'x-gateway-secret': secret, 'x-request-id': 'r-1' },
      },
    ]);
  });

  it('passes on which part of an image is asked for, and in which type', async () => {
    const headers = { accept: 'image/avif,image/webp', range: 'bytes=0-9', 'if-range': '"etag"' };
    await send('GET', '/media/0123abc/thumb', headers);
    expect(received).toMatchObject([{ method: 'GET', url: '/media/0123abc/thumb', headers }]);
  });

  it('streams uploads larger than a GraphQL request may be, with their query', async () => {
    const body = 'x'.repeat(3 * 1024 * 1024);
    const { status } = await send('PUT', '/uploads/1?expires=2&signature=a-b_c', { 'content-type': 'image/png' }, body);
    expect(status).toBe(200);
    expect(received).toMatchObject([{ method: 'PUT', url: '/uploads/1?expires=2&signature=a-b_c', bytes: body.length }]);
  });

  it('streams a form with the token and the key that it came with, also when nobody says how long it is', async () => {
    const body = 'x'.repeat(3 * 1024 * 1024);
    const headers = { 'content-type': 'multipart/form-data; boundary=b', authorization: 'Bearer token', 'idempotency-key': 'k' };
    const { status } = await send('POST', '/images?purpose=AVATAR', { ...headers, 'transfer-encoding': 'chunked', cookie: 'a=b' }, body);
    expect(status).toBe(200);
    expect(received).toMatchObject([{ method: 'POST', url: '/images?purpose=AVATAR', bytes: body.length, headers }]);
    expect(received[0]?.headers).not.toHaveProperty('cookie');
  });

  it('believes nothing that a client says about who it is', async () => {
    await send('GET', '/media/a.webp', { 'x-user-id': 'root', 'x-gateway-secret': 'guess', 'x-client-ip': '10.0.0.1', cookie: 'a=b' });
    expect(received[0]?.headers).toMatchObject({ 'x-gateway-secret': secret, 'x-client-ip': '127.0.0.1' });
    expect(received[0]?.headers).not.toHaveProperty('x-user-id');
    expect(received[0]?.headers).not.toHaveProperty('cookie');
  });
});

describe('An images subgraph that is away', () => {
  it('is UNAVAILABLE, without its address', async () => {
    const gone = createHttpServer({ logger });
    await gone.register(proxyTo('images', 'http://127.0.0.1:1'));
    const url = await gone.listen({ host: '127.0.0.1', port: 0 });
    const response = await fetch(`${url}/media/a.webp`);
    const text = await response.text();
    await gone.close();
    expect(response.status).toBe(503);
    expect(text).toContain('UNAVAILABLE');
    expect(text).not.toMatch(/127\.0\.0\.1|ECONNREFUSED/);
  });
});

describe('The proxy to the auth subgraph', () => {
  it.each([
    ['GET', '/session/refresh'],
    ['POST', '/session'],
    ['POST', '/session/other'],
    ['POST', '/session/refresh/../../internal/events'],
    ['POST', '/session/refresh%2f..'],
    ['POST', '/graphql'],
    ['POST', '/internal/events'],
  ])('does not pass %s %s on', async (method, path) => {
    expect([400, 404]).toContain((await send(method, path)).status);
    expect(received).toEqual([]);
  });

  it('SECURITY 28: passes a browser session on with its cookie, its header and its answer, and with the address of the client as we see it', async () => {
    const headers = { cookie: '__Host-galaxia-refresh=token', 'x-galaxia-csrf': '1', 'x-client-ip': '10.0.0.1', 'x-user-id': 'root' };
    const answer = await send('POST', '/session/refresh', headers);
    expect(answer.headers['set-cookie']).toEqual(['__Host-a=b; Secure']);
    const [request] = received;
    expect(request?.headers).toMatchObject({
      cookie: headers.cookie,
      'x-galaxia-csrf': '1',
      'x-client-ip': '127.0.0.1',
      'x-gateway-secret': secret,
    });
    expect(request?.headers).not.toHaveProperty('x-user-id');
  });
});
