import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import pino from 'pino';
import { until } from '../../../tests/testkit/until.js';
import { defaultSubgraphFaultLimits } from '../faults/subgraph-fault-settings.js';
import { createHttpFetch, type HttpFetch } from './http-fetch.js';
import type { FetchReport } from '../on-fetch.js';

const answer = '{"data":{"a":1}}';
const unavailable = { data: null, errors: [{ message: expect.any(String), extensions: { code: 'UNAVAILABLE' } }], isMissing: true };

describe('A subgraph over HTTP', () => {
  const cleanups: (() => unknown)[] = [];
  const reports: FetchReport[] = [];
  const lines: string[] = [];
  const logger = pino({ level: 'error' }, { write: (line: string) => lines.push(line) });
  afterEach(async () => {
    for (const clean of cleanups.splice(0)) await clean();
    reports.length = 0;
    lines.length = 0;
  });

  function open(port: number, { timeoutMs = 1_000 } = {}): HttpFetch {
    const http = createHttpFetch({
      name: 'reviews',
      url: `http://127.0.0.1:${port}/graphql`,
      secretHeader: {},
      timeoutMs,
      limits: { ...defaultSubgraphFaultLimits, maxResponseBytes: 1_000 },
      logger,
      onFetch: (report) => reports.push(report),
    });
    cleanups.unshift(() => http.close());
    return http;
  }

  async function listen(server: Server): Promise<number> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => void server.close());
    return (server.address() as AddressInfo).port;
  }

  /** Answers the n-th request (from 1) as `respond` likes, when all of it has come. */
  async function serve(respond: (n: number, response: ServerResponse, request: IncomingMessage) => void) {
    let requests = 0;
    const server = createServer((request, response) => {
      request.resume().on('end', () => respond(++requests, response, request));
    });
    const port = await listen(server);
    cleanups.push(() => server.closeAllConnections());
    return { port, server, requests: () => requests };
  }

  function ask(
    { fetch }: HttpFetch,
    query = '{ a }',
    { deadline, signal = new AbortController().signal }: { deadline?: number; signal?: AbortSignal } = {},
  ) {
    const caller = { subgraphHeaders: { 'x-request-id': 'request-1' }, signal, ...(deadline === undefined ? {} : { deadline }) };
    return fetch({ query, operationName: undefined, variables: {} }, caller);
  }

  const destroyed = (response: ServerResponse): void => void response.socket?.destroy();
  const status =
    (code: number, headers = {}) =>
    (response: ServerResponse) =>
      void response.writeHead(code, headers).end('<html>');

  it.each<[string, (response: ServerResponse) => void]>([
    ['a lost connection', destroyed],
    ['status 502', status(502)],
    ['status 503', status(503)],
    ['status 504', status(504)],
  ])('is asked a query again after %s, twice at most, and a mutation never', async (_name, fail) => {
    const once = await serve((n, response) => (n < 3 ? fail(response) : response.end(answer)));
    expect(await ask(open(once.port))).toEqual({ data: { a: 1 } });
    expect(reports).toMatchObject([{ outcome: 'ok', retries: 2 }]);

    const always = await serve((_n, response) => fail(response));
    const source = open(always.port);
    expect(await ask(source)).toEqual(unavailable);
    expect(always.requests()).toBe(3);
    expect(await ask(source, 'mutation { b }')).toEqual(unavailable);
    expect(await ask(source, 'fragment F on Mutation { b } mutation { ...F }')).toEqual(unavailable);
    expect(always.requests()).toBe(5);
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['status 500', status(500)],
    ['status 429', status(429)],
    ['status 200 with a page', (response) => void response.setHeader('content-type', 'text/html').end(answer)],
    ['garbage', (response) => void response.end('garbage')],
    ['no data and no error', (response) => void response.end('{"data":null}')],
    ['errors that are none', (response) => void response.end('{"errors":[null,5,{"message":7}]}')],
    ['half an answer', (response) => void response.writeHead(200, { 'content-length': 100 }).write(answer, () => destroyed(response))],
    ['an answer of unknown length that is cut', (response) => void response.write('{"data":', () => destroyed(response))],
    ['too large an answer', (response) => void response.end(`{"data":{"a":"${'x'.repeat(1_000)}"}}`)],
    ['something else than HTTP', (response) => void response.socket?.end('220 smtp.example ESMTP\r\n')],
  ])('is not asked again after %s', async (_name, respond) => {
    const { port, requests } = await serve((_n, response) => respond(response));
    expect(await ask(open(port))).toEqual(unavailable);
    expect(requests()).toBe(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toMatch(/<|garbage|127\.0\.0\.1|smtp/);
  });

  it('is asked also a mutation again when it cannot have got it', async () => {
    const { port, server } = await serve(() => undefined);
    server.close();
    await once(server, 'close');
    expect(await ask(open(port), 'mutation { b }')).toEqual(unavailable);
    expect(reports).toMatchObject([{ outcome: 'connect', retries: 2 }]);
  });

  it('answers a mutation that it got and lost with an error, and is not asked it again', async () => {
    let received = 0;
    const port = await listen(
      createTcpServer((socket) => {
        socket
          .on('error', () => undefined)
          .once('data', () => {
            received += 1;
            socket.destroy();
          });
      }),
    );
    expect(await ask(open(port), 'mutation { b }')).toEqual(unavailable);
    expect(received).toBe(1);
  });

  it('is asked a query anew on a kept-alive connection that was closed meanwhile', async () => {
    const { port, requests } = await serve((n, response) => (n === 2 ? destroyed(response) : void response.end(answer)));
    const source = open(port);
    expect(await ask(source)).toEqual({ data: { a: 1 } });
    expect(await ask(source)).toEqual({ data: { a: 1 } });
    expect(requests()).toBe(3);
  });

  it('is asked again when it wants to, within the time of the operation, and not when it wants later', async () => {
    const { port, requests } = await serve((n, response) => {
      if (n === 1) status(503, { 'retry-after': '0' })(response);
      else if (n === 2) response.end(answer);
      else status(503, { 'retry-after': '7' })(response);
    });
    const source = open(port);
    expect(await ask(source)).toEqual({ data: { a: 1 } });
    expect(await ask(source)).toMatchObject({ errors: [{ extensions: { code: 'UNAVAILABLE', retryAfter: 7 } }] });
    expect(requests()).toBe(3);
  });

  it('answers what it says itself with status 503', async () => {
    const body = '{"errors":[{"message":"Full.","extensions":{"code":"UNAVAILABLE","retryAfter":9}}]}';
    const { port } = await serve((_n, response) => void response.writeHead(503, { 'content-type': 'application/json' }).end(body));
    expect(await ask(open(port))).toEqual({
      data: null,
      errors: [{ message: 'Full.', extensions: { code: 'UNAVAILABLE', retryAfter: 9 } }],
    });
  });

  it('is given up after its time-out, and at the operation’s deadline when that is sooner', async () => {
    const closed: string[] = [];
    const { port } = await serve((n, response) => void response.on('close', () => closed.push(`request ${n}`)));
    expect(await ask(open(port, { timeoutMs: 50 }))).toEqual(unavailable);
    expect(await ask(open(port, { timeoutMs: 60_000 }), '{ a }', { deadline: performance.now() + 50 })).toEqual(unavailable);
    await until(() => closed.length === 2, 'the subgraph to see that it was given up');
    expect(await ask(open(port), '{ a }', { deadline: performance.now() })).toEqual(unavailable);
    expect(reports.map(({ outcome }) => outcome)).toEqual(['timeout', 'deadline', 'deadline']);
  });

  it('is not asked for a client that has left already, and is told nothing of one who leaves during a pause', async () => {
    const { port, requests } = await serve((_n, response) => status(503, { 'retry-after': '30' })(response));
    const source = open(port, { timeoutMs: 60_000 });
    expect(await ask(source, '{ a }', { signal: AbortSignal.abort() })).toEqual(unavailable);
    expect(requests()).toBe(0);
    const controller = new AbortController();
    const asked = ask(source, '{ a }', { signal: controller.signal });
    await until(() => requests() === 1, 'the request');
    // Its answer may still be on its way: both ways lead to the same.
    setImmediate(() => controller.abort());
    expect(await asked).toEqual(unavailable);
    expect(requests()).toBe(1);
    expect(reports.map(({ outcome }) => outcome)).toEqual(['left', 'left']);
    expect(lines).toEqual([]);
  });

  it('is left alone when it cannot be connected to, and says when to come back', async () => {
    const { port, server } = await serve(() => undefined);
    server.close();
    await once(server, 'close');
    const source = open(port);
    for (let n = 0; n < 20; n++) await ask(source);
    expect(source.circuit()).toMatchObject({ kind: 'open', cause: 'cannot be connected to (ECONNREFUSED)' });
    expect(await ask(source)).toMatchObject({
      data: null,
      errors: [{ extensions: { code: 'UNAVAILABLE', retryAfter: expect.any(Number) } }],
    });
    expect(reports.at(-1)).toMatchObject({ outcome: 'circuit-open' });
    // A line a second for each cause.
    expect(lines.length).toBeLessThan(8);
    expect(lines.join('')).not.toContain('stack');
  });

  it('is not left alone for errors of GraphQL, nor for a client’s too large a question', async () => {
    const { port } = await serve((n, response) => {
      if (n % 2 === 0) response.end(`{"data":{"a":"${'x'.repeat(1_000)}"}}`);
      else response.writeHead(500, { 'content-type': 'application/json' }).end('{"errors":[{"message":"No."}]}');
    });
    const source = open(port);
    for (let n = 0; n < 50; n++) await ask(source);
    expect(source.circuit()).toEqual({ kind: 'closed' });
  });

  it('gets no more than 128 requests at once; what waits is asked in turn, and dropped when nobody waits for it', async () => {
    const held: ServerResponse[] = [];
    let isHolding = true;
    const { port, requests } = await serve((_n, response) => (isHolding ? void held.push(response) : void response.end(answer)));
    const source = open(port, { timeoutMs: 20_000 });
    const controller = new AbortController();
    const running = Array.from({ length: 128 }, () => ask(source));
    const left = Array.from({ length: 10 }, () => ask(source, '{ a }', { signal: controller.signal }));
    const waiting = Array.from({ length: 10 }, () => ask(source));
    await until(() => held.length === 128, '128 requests');
    controller.abort();
    await Promise.all(left);
    isHolding = false;
    for (const response of held) response.end(answer);
    for (const result of await Promise.all([...running, ...waiting])) expect(result).toEqual({ data: { a: 1 } });
    expect(requests()).toBe(138);
  });

  it('does not get a header that HTTP cannot carry, and is not blamed for it', async () => {
    const { port, requests } = await serve((_n, response) => void response.end(answer));
    const source = open(port);
    const caller = { subgraphHeaders: { 'user-agent': 'a\nb' }, signal: new AbortController().signal };
    for (let n = 0; n < 30; n++) await source.fetch({ query: '{ a }', operationName: undefined, variables: {} }, caller);
    expect(requests()).toBe(0);
    expect(source.circuit()).toEqual({ kind: 'closed' });
    expect(reports[0]).toMatchObject({ outcome: 'invalid', retries: 0 });
  });
});
