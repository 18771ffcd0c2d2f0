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
