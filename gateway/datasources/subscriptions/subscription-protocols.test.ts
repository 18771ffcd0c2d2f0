import { afterEach, describe, expect, it } from '@jest/globals';
import { serveSubgraph } from '../../../shared/graphql/subgraph-server.js';
import { createLogger } from '../../../shared/logging/logger.js';
import { callerHeaders as headers } from '../../../tests/testkit/gateway/ask-data-source.js';
import { createLittleSubgraphs, type Received } from '../../../tests/testkit/gateway/little-subgraphs.js';
import { until } from '../../../tests/testkit/until.js';
import { nextMessage } from '../../../tests/testkit/gateway/next-message.js';
import { startStreamingSubgraph, type Answer, type StreamingSubgraph } from '../../../tests/testkit/gateway/streaming-subgraph.js';
import { createHttpDataSource, type HttpDataSourceOptions } from '../http/http-data-source.js';
import type { SubgraphDataSource, UpstreamMessage } from '../subgraph-data-source.js';
import { subscriptionProtocols, type SubscriptionProtocol } from './subscription-protocols.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const secret = 'a secret of the little supergraph';
const unavailable = { kind: 'error', errors: [{ extensions: { code: 'UNAVAILABLE' } }] };

/** Waits for the first message, and leaves whatever it is. */
async function firstOf(source: SubgraphDataSource, query = 'subscription { ticks { n } }'): Promise<UpstreamMessage> {
  const upstream = source.subscribe({ query, operationName: undefined, variables: {}, headers });
  const message = await nextMessage(upstream);
  upstream.leave({ code: 0 });
  return message;
}

describe.each(subscriptionProtocols)('Subscriptions of a subgraph by %s', (protocol) => {
  const received: Received[] = [];
  const { feed, subgraphs } = createLittleSubgraphs(received);
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    received.length = 0;
    feed.leaves.length = 0;
    for (const close of closing.splice(0).reverse()) await close();
  });

  async function start(
    options: Partial<HttpDataSourceOptions> = {},
  ): Promise<{ source: SubgraphDataSource; server: { close(): Promise<void> } }> {
    const subgraph = subgraphs.find((each) => each.subgraph.name === 'feed')?.subgraph;
    if (subgraph === undefined) throw new Error('no subgraph');
    const server =
      protocol === 'graphql-ws'
        ? await serveSubgraph({ subgraph, host: '127.0.0.1', port: 0, gatewaySecret: secret, logger })
        : await startStreamingSubgraph(subgraph, protocol);
    const source = createHttpDataSource({
      name: 'feed',
      url: server.url,
      secret,
      logger,
      timeoutMs: 2_000,
      subscriptions: { protocol },
      ...options,
    });
    closing.push(
      () => server.close(),
      () => source.close(),
    );
    return { source, server };
  }

  const subscribe = (source: SubgraphDataSource, query = 'subscription { ticks { n text user { __typename id } } }') =>
    source.subscribe({ query, operationName: undefined, variables: {}, headers });

  it.each([
    ['refused', headers, 'FORBIDDEN'],
    ['broken', headers, 'INTERNAL_SERVER_ERROR'],
    ['ticks', { authorization: 'Bearer refused-later' }, 'UNAUTHENTICATED'],
  ])('say an error when %s cannot start', async (field, given, code) => {
    const { source } = await start();
    const upstream = source.subscribe({
      query: `subscription { ${field} { n } }`,
      operationName: undefined,
      variables: {},
      headers: given,
    });
    const message = await nextMessage(upstream);
    expect(message.kind === 'event' || message.kind === 'error' ? message.errors : []).toMatchObject([{ extensions: { code } }]);
    expect(JSON.stringify(message)).not.toContain('hunter2');
  });

  it('are an error when nobody is there', async () => {
    const { source, server } = await start();
    await server.close();
    expect(await firstOf(source)).toMatchObject(unavailable);
  });

  it('give events in order, then complete for ever', async () => {
    const { source } = await start();
    const upstream = subscribe(source);
    const first = nextMessage(upstream);
    await until(() => feed.listeners() === 1, 'the subscription');
    const text = 'one\r\n\r\n--a b--\n\ndata: \u2028é"\\';
    for (const n of [1, 2, 3]) feed.publish({ n, text, user: { id: String(n) } });
    const event = (n: number) => ({ kind: 'event', data: { ticks: { n, text, user: { __typename: 'User', id: String(n) } } }, errors: [] });
    expect(await first).toEqual(event(1));
    expect(await nextMessage(upstream)).toEqual(event(2));
    expect(await nextMessage(upstream)).toEqual(event(3));
    feed.complete();
    expect(await nextMessage(upstream)).toEqual({ kind: 'complete' });
    expect(await nextMessage(upstream)).toEqual({ kind: 'complete' });
  });

  it('SECURITY 45: hand all headers of the contract to the subgraph', async () => {
    const { source } = await start();
    const upstream = subscribe(source);
    await until(() => feed.listeners() === 1, 'the subscription');
    expect(received[0]?.headers).toMatchObject(headers);
    upstream.leave({ code: 0 });
    await until(() => feed.listeners() === 0, 'the subgraph to know');
  });

  it.each([0, 1000, 1006, 4403])('answer a waiting next at once when the client leaves with %i, and leave the subgraph', async (code) => {
    const { source } = await start();
    const upstream = subscribe(source);
    const waiting = nextMessage(upstream);
    await until(() => feed.listeners() === 1, 'the subscription');
    feed.leaves.length = 0;
    upstream.leave({ code });
    expect(await waiting).toEqual({ kind: 'complete' });
    await until(() => feed.listeners() === 0, 'the subgraph to know');
    // A stream can only be cut off.
    expect(feed.leaves).toEqual([{ code: protocol === 'graphql-ws' ? code : 1006 }]);
  });

  it('leave before they have begun', async () => {
    const { source } = await start();
    const upstream = subscribe(source);
    upstream.leave({ code: 0 });
    expect(await nextMessage(upstream)).toEqual({ kind: 'complete' });
    await until(() => feed.listeners() === 0, 'nothing to be open');
  });

  it('are lost with the connection', async () => {
    const { source, server } = await start();
    const waiting = nextMessage(subscribe(source));
    await until(() => feed.listeners() === 1, 'the subscription');
    await server.close();
    expect(await waiting).toMatchObject({ kind: 'lost' });
  });

  it('SECURITY 41: are held back while nobody reads', async () => {
    const { source } = await start();
    feed.floods = 0;
    const upstream = subscribe(source, 'subscription { flood(size: 50000) { n text } }');
    await nextMessage(upstream);
    let made = -1;
    await until(() => {
      const isStill = feed.floods > 1 && feed.floods === made;
      made = feed.floods;
      return isStill;
    }, 'the flood to be held back');
    expect(made * 50_000).toBeLessThan(40 * 1024 * 1024);
    for (let n = 1; n < 40; n++) expect(await nextMessage(upstream)).toMatchObject({ data: { flood: { n } } });
    upstream.leave({ code: 0 });
  });

  it('SECURITY 41: with an event above the limit are lost, and without one not', async () => {
    const { source } = await start({ limits: { maxResponseBytes: 10_000 } });
    const small = subscribe(source, 'subscription { flood(size: 9000) { n text } }');
    expect(await nextMessage(small)).toMatchObject({ kind: 'event' });
    small.leave({ code: 0 });
    const large = subscribe(source, 'subscription { flood(size: 10001) { n text } }');
    expect(await nextMessage(large)).toMatchObject({ kind: 'lost' });
  });
});

describe.each<Exclude<SubscriptionProtocol, 'graphql-ws'>>(['sse', 'multipart'])(
  'Subgraphs that answer a subscription by %s with something else',
  (protocol) => {
    const closing: (() => Promise<void>)[] = [];
    afterEach(async () => {
      for (const close of closing.splice(0).reverse()) await close();
    });
    async function answering(answer: Answer, timeoutMs = 2_000): Promise<{ source: SubgraphDataSource; server: StreamingSubgraph }> {
      const [first] = createLittleSubgraphs([]).subgraphs;
      if (first === undefined) throw new Error('no subgraph');
      const server = await startStreamingSubgraph(first.subgraph, protocol, answer);
      const source = createHttpDataSource({
        name: 'feed',
        url: server.url,
        secret,
        logger,
        timeoutMs,
        subscriptions: { protocol },
        headers: { 'x-key': 'k' },
      });
      closing.push(
        () => server.close(),
        () => source.close(),
      );
      return { source, server };
    }
    const json = { 'content-type': 'application/json' };
    const type = { 'content-type': protocol === 'sse' ? 'text/event-stream' : 'multipart/mixed; boundary=graphql' };

    it.each<[string, Answer]>([
      ['401 without a word', (response) => response.writeHead(401).end()],
      ['404 and a page', (response) => response.writeHead(404, { 'content-type': 'text/html' }).end('<p>hunter2</p>')],
      ['503', (response) => response.writeHead(503).end()],
      ['another type', (response) => response.writeHead(200, { 'content-type': 'text/plain' }).end('hunter2')],
      ['a page as long as a book', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('hunter2'.repeat(100_000))],
      ['no HTTP', (response) => response.socket?.end('hunter2\r\n\r\n')],
      ['nothing', (response) => response.destroy()],
    ])('are unavailable: %s', async (_what, answer) => {
      const { source } = await answering(answer);
      const message = await firstOf(source);
      expect(message).toMatchObject(unavailable);
      expect(JSON.stringify(message)).not.toContain('hunter2');
    });

    it('are unavailable when they do not begin in time', async () => {
      const { source, server } = await answering(() => undefined, 60);
      expect(await firstOf(source)).toMatchObject(unavailable);
      await until(() => server.open.size === 0, 'the request to be given up');
    });

    it.each([200, 400, 401, 403])('are told by their own word, with the status %i', async (status) => {
      const errors = [{ message: 'Not you.', extensions: { code: 'UNAUTHENTICATED', secret: 1 } }];
      const { source } = await answering((response) => response.writeHead(status, json).end(JSON.stringify({ errors })));
      expect(await firstOf(source)).toEqual({ kind: 'error', errors: [{ message: 'Not you.', extensions: { code: 'UNAUTHENTICATED' } }] });
    });

    it('may answer with one result', async () => {
      const { source } = await answering((response) => response.writeHead(200, json).end('{"data":{"n":1}}'));
      const upstream = source.subscribe({ query: 'subscription { ticks { n } }', operationName: undefined, variables: {}, headers });
      expect(await nextMessage(upstream)).toEqual({ kind: 'event', data: { n: 1 }, errors: [] });
      expect(await nextMessage(upstream)).toEqual({ kind: 'complete' });
    });

    it.each([
      ['ends without a last word', (response: { end(): void }) => response.end()],
      ['writes garbage', (response: { write(text: string): void }) => response.write('data: garbage\n\n--graphql\r\n\r\ngarbage')],
      ['is cut off', (response: { destroy(): void }) => response.destroy()],
    ])('are lost when a stream %s', async (_what, then) => {
      const { source, server } = await answering((response) => {
        response.writeHead(200, type);
        response.write(':\n\n', () => then(response));
      });
      expect(await firstOf(source)).toEqual({ kind: 'lost', code: 1006 });
      await until(() => server.open.size === 0, 'the connection to go');
    });

    it('SECURITY 45: are sent the secret, what is configured, and nothing of the client but its headers and variables', async () => {
      const { source, server } = await answering((response) => response.writeHead(503).end());
      source.subscribe({ query: 'subscription($a: Int) { a }', operationName: 'A', variables: { a: 1 }, headers });
      await until(() => server.requests.length === 1, 'the request');
      const [request] = server.requests;
      expect(request?.headers).toMatchObject({
        ...headers,
        'x-gateway-secret': secret,
        'x-key': 'k',
        accept: expect.stringContaining(protocol === 'sse' ? 'text/event-stream' : 'multipart/mixed'),
      });
      expect(JSON.parse(request?.body ?? '')).toEqual({ query: 'subscription($a: Int) { a }', operationName: 'A', variables: { a: 1 } });
    });

    it('P9: equal ones of one caller share a connection where the configuration says so', async () => {
      const { server } = await answering((response) => response.writeHead(200, type).write(':\n\n'));
      const source = createHttpDataSource({
        name: 'feed',
        url: server.url,
        secret,
        logger,
        subscriptions: { protocol, deduplicate: true },
      });
      closing.push(() => source.close());
      const ask = (authorization: string) =>
        source.subscribe({ query: 'subscription { a }', operationName: undefined, variables: {}, headers: { authorization } });
      const upstreams = ['Bearer alice', 'Bearer alice', 'Bearer bob'].map(ask);
      await until(() => server.open.size === 2, 'two streams');
      upstreams[0]?.leave({ code: 0 });
      upstreams[2]?.leave({ code: 0 });
      await until(() => server.open.size === 1, 'one to end');
      upstreams[1]?.leave({ code: 0 });
      await until(() => server.open.size === 0, 'both to end');
      expect(server.requests.map((request) => request.headers.authorization)).toEqual(['Bearer alice', 'Bearer bob']);
    });
  },
);
