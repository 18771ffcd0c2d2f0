import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { WebSocketServer } from 'ws';
import { createLogger } from '../../../shared/logging/logger.js';
import { askDataSource as ask } from '../../../tests/testkit/gateway/ask-data-source.js';
import { until } from '../../../tests/testkit/until.js';
import { createHttpDataSource } from './http-data-source.js';
import type { SubgraphDataSource, UpstreamMessage } from '../subgraph-data-source.js';
import { nextMessage } from '../../../tests/testkit/gateway/next-message.js';

describe('A data source over HTTP', () => {
  const logger = createLogger({ name: 'test', level: 'silent' });
  const cleanups: (() => Promise<void> | void)[] = [];
  let server: Server;
  afterEach(async () => {
    for (const clean of cleanups.splice(0)) await clean();
  });

  /** A subgraph that answers as `respond` likes. */
  async function sourceOf(respond: Parameters<typeof createServer>[1] & object, timeoutMs = 500): Promise<SubgraphDataSource> {
    const own = createServer(respond).listen(0, '127.0.0.1');
    await once(own, 'listening');
    server = own;
    const address = own.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const source = createHttpDataSource({
      name: 'hostile',
      url: `http://127.0.0.1:${port}/graphql?tenant=1`,
      secret: 'gateway secret',
      logger,
      timeoutMs,
      limits: { maxResponseBytes: 1_000 },
    });
    cleanups.push(
      () => source.close(),
      () => {
        own.closeAllConnections();
        own.close();
      },
    );
    return source;
  }

  it.each([
    ['a page with status 500', 500, '<html>10.0.0.7 Internal stack at /srv/app.js'],
    ['JSON that is no response', 200, '{"secret": "hunter2"}'],
    ['a list', 200, '[]'],
    ['data that is no object', 200, '{"data": 7}'],
    ['errors that are no list', 200, '{"data": null, "errors": "hunter2"}'],
    ['nothing', 204, ''],
    ['a redirect', 302, ''],
    ['broken JSON', 200, '{"data": '],
    ['more than the limit', 200, JSON.stringify({ data: { text: 'x'.repeat(1_000) } })],
  ])('answers UNAVAILABLE and nothing of it for %s', async (_name, status, body) => {
    const hostile = await sourceOf((_request, response) => {
      response.writeHead(status, { location: 'http://10.0.0.7/' }).end(body);
    });
    expect(await ask(hostile, { query: '{ a }' })).toEqual({
      data: null,
      errors: [
        { message: 'A part of this answer is not available right now. Try again in a moment.', extensions: { code: 'UNAVAILABLE' } },
      ],
      isMissing: true,
    });
  });

  it('takes of errors only message, path, code and retryAfter', async () => {
    const hostile = await sourceOf((_request, response) => {
      response.end(
        JSON.stringify({
          errors: [
            { message: 'One', path: ['a', 0], extensions: { code: 'MINE', stacktrace: ['at /srv'], url: 'http://10.0.0.7' }, url: 'x' },
            { message: 'Two', path: 'no path', extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
            'Three',
          ],
          extensions: { trace: 'x' },
        }),
      );
    });
    expect(await ask(hostile, { query: '{ a }' })).toEqual({
      data: null,
      errors: [
        { message: 'One', path: ['a', 0], extensions: { code: 'MINE' } },
        { message: 'Two', extensions: { code: 'DOWNSTREAM_SERVICE_ERROR' } },
        { message: 'Unknown error of a subgraph' },
      ],
    });
  });

  it('sends the secret, keeps the query string, and keeps the connection', async () => {
    const seen: { url: string | undefined; secret: unknown; socket: unknown }[] = [];
    const hostile = await sourceOf((request, response) => {
      seen.push({ url: request.url, secret: request.headers['x-gateway-secret'], socket: request.socket });
      response.end('{"data":{"a":1}}');
    });
    for (let n = 0; n < 20; n++) expect(await ask(hostile, { query: '{ a }' })).toEqual({ data: { a: 1 } });
    expect(seen[0]).toMatchObject({ url: '/graphql?tenant=1', secret: 'gateway secret' });
    expect(new Set(seen.map(({ socket }) => socket)).size).toBeLessThan(5);
  });

  it('aborts a request that hangs, at the headers and in the body', async () => {
    for (const hang of [() => undefined, (write: () => void) => write()]) {
      let aborted = 0;
      const hostile = await sourceOf((request, response) => {
        response.on('close', () => (aborted += 1));
        request.resume();
        hang(() => void response.write('{"data":'));
      }, 100);
      expect((await ask(hostile, { query: '{ a }' })).errors).toMatchObject([{ extensions: { code: 'UNAVAILABLE' } }]);
      await until(() => aborted === 1, 'the subgraph to see the abort');
    }
  });

  it('aborts the request when the client leaves', async () => {
    let arrived = false;
    let aborted = false;
    const hostile = await sourceOf((_request, response) => {
      arrived = true;
      response.on('close', () => (aborted = true));
    }, 60_000);
    const controller = new AbortController();
    const answer = ask(hostile, { query: '{ a }', signal: controller.signal });
    await until(() => arrived, 'the request');
    controller.abort();
    await answer;
    await until(() => aborted, 'the abort');
  });

  it('says an error when a socket is never acknowledged, and leaves no socket', async () => {
    const hostile = await sourceOf(() => undefined, 100);
    const sockets = new WebSocketServer({ server });
    const upstream = hostile.subscribe({ query: 'subscription { a }', operationName: undefined, variables: {}, headers: {} });
    expect(await nextMessage(upstream)).toMatchObject({ kind: 'error', errors: [{ extensions: { code: 'UNAVAILABLE' } }] });
    await until(() => sockets.clients.size === 0, 'the socket to go');
  });

  it('tells a socket of one client its trace in a header of the upgrade, where tools look for it, and a shared one nobody’s', async () => {
    const plain = await sourceOf(() => undefined);
    const upgrades: unknown[] = [];
    const sockets = new WebSocketServer({ server, handleProtocols: () => 'graphql-transport-ws' });
    sockets.on('connection', (socket, { headers }) => {
      upgrades.push(headers.traceparent);
      socket.send('{"type":"connection_ack"}');
    });
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const question = { query: 'subscription { a }', operationName: undefined, variables: {} };
    const upstream = plain.subscribe({ ...question, headers: { traceparent } });
    await until(() => upgrades.length === 2, 'the socket that was to be shared, and the other');
    expect(upgrades).toEqual([undefined, traceparent]);
    upstream.leave({ code: 0 });
    await until(() => sockets.clients.size === 0, 'the sockets to go');
  });

  it('holds a subgraph back that sends more than is taken, and loses nothing', async () => {
    const hostile = await sourceOf(() => undefined);
    const total = 20_000;
    let sent = 0;
    const sockets = new WebSocketServer({ server, handleProtocols: () => 'graphql-transport-ws' });
    sockets.on('connection', (socket) => {
      socket.on('message', (data: Buffer) => {
        const { type } = JSON.parse(data.toString('utf8')) as { type: string };
        if (type === 'connection_init') socket.send('{"type":"connection_ack"}');
        if (type !== 'subscribe') return;
        const more = (): void => {
          if (sent >= total || socket.readyState !== socket.OPEN) return;
          sent += 1;
          socket.send(JSON.stringify({ type: 'next', id: '1', payload: { data: { n: sent, text: 'x'.repeat(900) } } }), () => more());
        };
        more();
      });
    });
    const upstream = hostile.subscribe({ query: 'subscription { a }', operationName: undefined, variables: {}, headers: {} });
    const first = await nextMessage(upstream);
    expect(first).toMatchObject({ kind: 'event', data: { n: 1 } });
    let last = -1;
    await until(() => {
      const isStill = sent === last;
      last = sent;
      return isStill;
    }, 'the subgraph to be held back');
    expect(sent).toBeLessThan(total);
    for (let n = 2; n <= total; n++) {
      const message: UpstreamMessage = await nextMessage(upstream);
      if (message.kind !== 'event' || message.data?.n !== n) throw new Error(`event ${n} is ${JSON.stringify(message).slice(0, 100)}`);
    }
    upstream.leave({ code: 0 });
    await until(() => sockets.clients.size === 0, 'the socket to go');
  });
});
