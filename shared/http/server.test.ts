import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../errors/app-error.js';
import { createLogger } from '../logging/logger.js';
import { createHttpServer } from './server.js';

const logger = createLogger({ name: 'test', level: 'silent' });
let app: FastifyInstance | undefined;

async function serve(prepare: (app: FastifyInstance) => void = () => undefined): Promise<string> {
  app = createHttpServer({ logger });
  prepare(app);
  return app.listen({ host: '127.0.0.1', port: 0 });
}

afterEach(async () => {
  await app?.close();
  app = undefined;
});

describe('A request id', () => {
  it.each([
    ['with a blank', 'two words'],
    ['with a quote', 'a"b'],
    ['of 129 characters', 'x'.repeat(129)],
    ['that is empty', ''],
  ])('%s is replaced by a new one', async (_name, id) => {
    const url = await serve();
    const response = await fetch(url, { headers: { 'x-request-id': id } });
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('of 128 harmless characters is kept and echoed, also by an answer that is an error', async () => {
    const url = await serve();
    const id = 'a-._:/+=@Z'.padEnd(128, '9');
    const response = await fetch(`${url}/nowhere`, { headers: { 'x-request-id': id } });
    expect(response.status).toBe(404);
    expect(response.headers.get('x-request-id')).toBe(id);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND', requestId: id } }] });
  });
});

describe('Errors', () => {
  it('of our own show nothing of their cause', async () => {
    const url = await serve((server) =>
      server.get('/', () => {
        throw new Error('connect ECONNREFUSED 10.1.2.3:5432');
      }),
    );
    const response = await fetch(url);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toMatch(/ECONNREFUSED|10\.1\.2\.3|stack/);
  });

  it('that refuse have their status, their code and when to come back', async () => {
    const url = await serve((server) =>
      server.get('/', () => {
        throw new AppError('UNAVAILABLE', 'Too busy.', { retryAfter: 2.5 });
      }),
    );
    const response = await fetch(url);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('3');
    expect(await response.json()).toMatchObject({ errors: [{ message: 'Too busy.', extensions: { code: 'UNAVAILABLE' } }] });
  });

  it.each([
    ['a body above 1 MB', JSON.stringify({ text: 'x'.repeat(1024 * 1024) }), 413],
    ['a body that is no JSON', '{"text":', 400],
  ])('answer %s with a 4xx', async (_name, body, status) => {
    const url = await serve((server) => server.post('/', () => 'taken'));
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect(response.status).toBe(status);
  });

  it('do not come from a key named __proto__, which is one like any other', async () => {
    const url = await serve((server) =>
      server.post('/', ({ body }) => {
        const given = body as object;
        return { isAdmin: 'admin' in given, keys: Object.keys(given) };
      }),
    );
    const body = '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}';
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect(await response.json()).toEqual({ isAdmin: false, keys: ['__proto__', 'constructor'] });
    expect({}).not.toHaveProperty('admin');
  });

  it('let a body just below 1 MB pass', async () => {
    const url = await serve((server) => server.post('/', () => 'taken'));
    const body = JSON.stringify({ text: 'x'.repeat(1024 * 1024 - 11) });
    expect(body).toHaveLength(1024 * 1024);
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect(response.status).toBe(200);
  });
});

describe('A path that is asked for by another method', () => {
  const routes = (server: FastifyInstance): void => {
    server.get('/media/:name', () => 'here');
    server.put('/media/:name', () => 'there');
    server.post('/a.b/*', () => 'anywhere');
    server.options('*', () => 'whatever is asked');
    server.get('/pages/*', (_request, reply) => reply.callNotFound());
  };
  const allowedBy = async (url: string, method: string): Promise<readonly [number, string | null, unknown]> => {
    const response = await fetch(url, { method });
    const { errors } = (await response.json()) as { errors: readonly { extensions: { code: unknown } }[] };
    return [response.status, response.headers.get('allow'), errors[0]?.extensions.code];
  };

  it.each([
    ['DELETE', '/media/a', 405, 'GET, HEAD, PUT'],
    ['DELETE', '/media/a/?b=/c', 405, 'GET, HEAD, PUT'],
    ['GET', '/a.b/c/d', 405, 'POST'],
    ['DELETE', '/media', 404, null],
    ['DELETE', '/media/a/b', 404, null],
    ['GET', '/aXb/c', 404, null],
    ['GET', '/', 404, null],
    ['GET', '/pages/none', 404, null],
    ['DELETE', '/pages/none', 405, 'GET, HEAD'],
  ])('is told its methods, and nothing where there is none: %s %s', async (method, path, status, allow) => {
    app = createHttpServer({ logger, tellsMethods: true });
    routes(app);
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    expect(await allowedBy(`${url}${path}`, method)).toEqual([status, allow, status === 404 ? 'NOT_FOUND' : 'BAD_USER_INPUT']);
  });

  it('is not there for those who may not know', async () => {
    const url = await serve(routes);
    expect(await allowedBy(`${url}/media/a`, 'DELETE')).toEqual([404, null, 'NOT_FOUND']);
  });
});

describe('What never becomes a request of a route', () => {
  const secured = (text: string) => {
    expect(text).toMatch(/^x-content-type-options: nosniff\r$/im);
    expect(text).toMatch(/^content-security-policy: default-src 'none'/im);
    const id = /^x-request-id: ([\w-]+)\r$/im.exec(text)?.[1];
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({
      errors: [{ message: expect.any(String), extensions: { code: 'BAD_USER_INPUT', requestId: id } }],
    });
  };

  it.each([
    ['a URL that is badly encoded', 'GET /media/%ff HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 400],
    ['a parameter that is too long', `GET /media/${'x'.repeat(1025)} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`, 414],
    ['something that is no HTTP', 'HELLO\r\n\r\n', 400],
    ['two lengths of one body', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n', 400],
    ['headers without end', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
  ])('is answered like everything else: %s', async (_name, request, status) => {
    const url = await serve((server) => server.get('/media/:name', () => 'here'));
    const text = await exchange(Number(new URL(url).port), request);
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    secured(text);
  });

  it('is what somebody takes who is asked first, and the rest goes to the routes', async () => {
    app = createHttpServer({
      logger,
      first(request, response) {
        if (request.url !== '/taken') return false;
        response.end('by the first');
        return true;
      },
    });
    app.get('/*', () => 'by a route');
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    expect(await (await fetch(`${url}/taken`)).text()).toBe('by the first');
    expect(await (await fetch(`${url}/other`)).text()).toBe('by a route');
  });
});

describe('Closing', () => {
  it('answers what is under way and takes nothing new', async () => {
    let release: (() => void) | undefined;
    let arrived: (() => void) | undefined;
    const isHere = new Promise<void>((resolve) => (arrived = resolve));
    const url = await serve((server) =>
      server.get('/slow', async () => {
        arrived?.();
        await new Promise<void>((resolve) => (release = resolve));
        return 'done';
      }),
    );
    const answer = fetch(`${url}/slow`);
    await isHere;
    const closed = app?.close();
    // Closing begins with what plugins have to do first; the port is given up right after.
    await untilRefused(Number(new URL(url).port));
    release?.();
    expect(await (await answer).text()).toBe('done');
    await closed;
  });
});

async function untilRefused(port: number): Promise<void> {
  for (;;) {
    const refused = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        resolve(false);
      });
      socket.once('error', () => resolve(true));
    });
    if (refused) return;
  }
}

/** All that comes back on a connection until it ends. */
function exchange(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('end', () => resolve(text)).on('error', reject);
  });
}
