import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocketServer } from 'ws';
import { startLittleSupergraph, until, type LittleSupergraph, type Way } from '../../tests/testkit/little-supergraph.js';
import type { SubgraphHeaders } from '../../shared/graphql/subgraph.js';
import { createLogger } from '../../shared/logging/logger.js';
import { createHttpDataSource } from './http.js';
import type { SubgraphDataSource, UpstreamMessage } from './subgraph-data-source.js';

const headers: SubgraphHeaders = {
  authorization: 'Bearer alice',
  'x-request-id': 'request-1',
  'x-user-id': 'alice',
  'x-client-ip': '192.0.2.1',
  'user-agent': 'test',
};

interface Question {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
  readonly headers?: SubgraphHeaders;
  readonly signal?: AbortSignal;
}

/** Asks as `@apollo/gateway` does. */
function ask(source: SubgraphDataSource, { query, variables, headers: given = headers, signal = new AbortController().signal }: Question) {
  return source.process({
    // The enum is not exported as a value.
    kind: 'health check' as Parameters<SubgraphDataSource['process']>[0]['kind'] & 'health check',
    request: { query, ...(variables === undefined ? {} : { variables }) },
    context: { subgraphHeaders: given, signal },
  });
}

const ways: readonly Way[] = ['in-process', 'http'];

describe.each(ways)('A data source, %s', (way) => {
  let little: LittleSupergraph;
  beforeAll(async () => {
    little = await startLittleSupergraph(way);
  });
  afterAll(() => little.close());

  it('gives the data', async () => {
    const query = 'query($ids: [ID!]!) { users(ids: $ids) { __typename id again: name } }';
    expect(await ask(little.sourceOf('accounts'), { query, variables: { ids: ['1', '2'] } })).toEqual({
      data: {
        users: [
          { __typename: 'User', id: '1', again: 'User 1' },
          { __typename: 'User', id: '2', again: 'User 2' },
        ],
      },
    });
  });

  it('resolves entities', async () => {
    const query = 'query($representations: [_Any!]!) { _entities(representations: $representations) { ... on User { stars } } }';
    const representation: unknown = Object.assign(Object.create(null), { __typename: 'User', id: '3' });
    expect(await ask(little.sourceOf('reviews'), { query, variables: { representations: [representation] } })).toEqual({
      data: { _entities: [{ stars: 30 }] },
    });
  });

  it('hands all headers of the contract to the subgraph', async () => {
    little.received.length = 0;
    await ask(little.sourceOf('accounts'), { query: '{ instant }' });
    expect(little.received).toEqual([{ subgraph: 'accounts', headers }]);
  });

  it('gives values as JSON knows them', async () => {
    const value = { when: new Date(0), none: undefined, list: [undefined, Number.NaN], nested: { a: 1 } };
    const { data } = await ask(little.sourceOf('accounts'), {
      query: 'query($value: Anything) { instant anything(value: $value) }',
      variables: { value },
    });
    expect(data).toEqual({
      instant: '1970-01-01T00:00:00.000Z',
      anything: { when: '1970-01-01T00:00:00.000Z', list: [null, null], nested: { a: 1 } },
    });
    expect(data?.anything).not.toBe(value);
  });

  it('keeps response keys that objects inherit, in documents and in data', async () => {
    const value: unknown = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}');
    const { data } = await ask(little.sourceOf('accounts'), {
      query: 'query($value: Anything) { __proto__: instant constructor: anything(value: $value) }',
      variables: { value },
    });
    expect(JSON.stringify(data)).toBe(
      '{"__proto__":"1970-01-01T00:00:00.000Z","constructor":{"__proto__":{"polluted":true},"constructor":1}}',
    );
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('keeps message, path, code and retryAfter of a refusal, and nothing else', async () => {
    expect(await ask(little.sourceOf('accounts'), { query: '{ forbidden instant }' })).toEqual({
      data: { forbidden: null, instant: '1970-01-01T00:00:00.000Z' },
      errors: [{ message: 'Not yours.', path: ['forbidden'], extensions: { code: 'FORBIDDEN', retryAfter: 3 } }],
    });
  });

  it('gives faults without their cause', async () => {
    const result = await ask(little.sourceOf('accounts'), { query: '{ broken }' });
    expect(result).toMatchObject({ data: { broken: null }, errors: [{ path: ['broken'], extensions: { code: 'INTERNAL_SERVER_ERROR' } }] });
    expect(JSON.stringify(result)).not.toContain('hunter2');
  });

  it('gives null data when a null was not allowed', async () => {
    expect(await ask(little.sourceOf('accounts'), { query: '{ nothing }' })).toMatchObject({ data: null, errors: [{ path: ['nothing'] }] });
  });

  it('gives UNAUTHENTICATED for the whole operation when the subgraph does not accept the token', async () => {
    expect(
      await ask(little.sourceOf('accounts'), { query: '{ instant }', headers: { authorization: 'Bearer refused-later' } }),
    ).toMatchObject({
      data: null,
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    });
  });

  describe('subscribing', () => {
    const subscribe = (query: string, given = headers) =>
      little.sourceOf('feed').subscribe({ query, operationName: undefined, variables: {}, headers: given });

    it('gives events in order, then complete for ever', async () => {
      const upstream = subscribe('subscription { ticks { n user { __typename id } } }');
      const first = upstream.next();
      await until(() => little.feed.listeners() === 1, 'the subscription');
      for (const n of [1, 2, 3]) little.feed.publish({ n, user: { id: String(n) } });
      expect(await first).toEqual({ kind: 'event', data: { ticks: { n: 1, user: { __typename: 'User', id: '1' } } }, errors: [] });
      expect(await upstream.next()).toMatchObject({ data: { ticks: { n: 2 } } });
      expect(await upstream.next()).toMatchObject({ data: { ticks: { n: 3 } } });
      little.feed.complete();
      expect(await upstream.next()).toEqual({ kind: 'complete' });
      expect(await upstream.next()).toEqual({ kind: 'complete' });
    });

    it.each([
      ['refused', headers, 'FORBIDDEN'],
      ['broken', headers, 'INTERNAL_SERVER_ERROR'],
      ['ticks', { authorization: 'Bearer refused-later' }, 'UNAUTHENTICATED'],
    ])('says an error when %s cannot start', async (field, given, code) => {
      const message = await subscribe(`subscription { ${field} { n } }`, given).next();
      // Over a socket this is an event without data, or an error: both end it.
      expect(message.kind === 'event' || message.kind === 'error' ? message.errors : []).toMatchObject([{ extensions: { code } }]);
      expect(JSON.stringify(message)).not.toContain('hunter2');
    });

    it.each([0, 1000, 1001, 4403, 1012])(
      'answers a waiting next at once when the client leaves with %i, and tells the subgraph',
      async (code) => {
        const upstream = subscribe('subscription { ticks { n } }');
        const waiting = upstream.next();
        await until(() => little.feed.listeners() === 1, 'the subscription');
        little.feed.leaves.length = 0;
        upstream.leave({ code });
        expect(await waiting).toEqual({ kind: 'complete' });
        await until(() => little.feed.listeners() === 0 && little.feed.leaves.length === 1, 'the subgraph to know');
        expect(little.feed.leaves).toEqual([{ code }]);
      },
    );

    it('leaves before it has begun', async () => {
      const upstream = subscribe('subscription { ticks { n } }');
      const waiting = upstream.next();
      upstream.leave({ code: 0 });
      expect(await waiting).toEqual({ kind: 'complete' });
      await until(() => little.feed.listeners() === 0, 'nothing to be open');
    });
  });
});

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
      maxResponseBytes: 1_000,
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
      errors: [
        { message: 'A part of this answer is not available right now. Try again in a moment.', extensions: { code: 'UNAVAILABLE' } },
      ],
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
    expect(await upstream.next()).toMatchObject({ kind: 'error', errors: [{ extensions: { code: 'UNAVAILABLE' } }] });
    await until(() => sockets.clients.size === 0, 'the socket to go');
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
    const first = await upstream.next();
    expect(first).toMatchObject({ kind: 'event', data: { n: 1 } });
    let last = -1;
    await until(() => {
      const isStill = sent === last;
      last = sent;
      return isStill;
    }, 'the subgraph to be held back');
    expect(sent).toBeLessThan(total);
    for (let n = 2; n <= total; n++) {
      const message: UpstreamMessage = await upstream.next();
      if (message.kind !== 'event' || message.data?.n !== n) throw new Error(`event ${n} is ${JSON.stringify(message).slice(0, 100)}`);
    }
    upstream.leave({ code: 0 });
    await until(() => sockets.clients.size === 0, 'the socket to go');
  });
});
