import { createServer } from 'node:http';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient } from 'graphql-sse';
import { createHandler } from 'graphql-sse/lib/use/http';
import { createClient as createSocketClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { createHttpDataSource } from '../../gateway/datasources/http/http-data-source.js';
import { createLogger } from '../../shared/logging/logger.js';
import { openDoors, type Doors } from '../testkit/gateway/doors.js';
import { createLittleSubgraphs } from '../testkit/gateway/little-subgraphs.js';
import { until } from '../testkit/until.js';
import { nextMessage } from '../testkit/gateway/next-message.js';

const query = 'subscription { ticks { n text user { stars } } }';
const text = 'é\u2028\n\n--graphql';

/** What others wrote for these protocols, against us. */
describe('Libraries of others', () => {
  let doors: Doors;
  beforeAll(async () => {
    doors = await openDoors();
  });
  afterAll(() => doors.close());

  /** Publishes two events and the end when the subscription is there, and gives what the client made of them. */
  async function results(
    subscribe: (sink: { next(value: unknown): void; error(error: unknown): void; complete(): void }) => () => void,
  ): Promise<unknown[]> {
    const seen: unknown[] = [];
    const over = new Promise<void>((resolve) => {
      subscribe({
        next: (value) => void seen.push(value),
        error(error) {
          seen.push({ error });
          resolve();
        },
        complete() {
          seen.push('complete');
          resolve();
        },
      });
    });
    await until(() => doors.little.feed.listeners() === 1, 'the subscription');
    for (const n of [1, 2]) doors.little.feed.publish({ n, text, user: { id: String(n) } });
    await until(() => seen.length === 2, 'the events');
    doors.little.feed.complete();
    await over;
    return seen;
  }
  const expected = [1, 2].map((n) => ({ data: { ticks: { n, text, user: { stars: n * 10 } } } }));

  it('the client of graphql-sse gets results and their end', async () => {
    const client = createClient({ url: `${doors.url}/graphql`, retryAttempts: 0 });
    expect(await results((sink) => client.subscribe({ query }, sink))).toEqual([...expected, 'complete']);
  });

  it('the client of graphql-sse is told why an operation is refused, and a session ends', async () => {
    const client = createClient({ url: `${doors.url}/graphql`, retryAttempts: 0, headers: { authorization: 'Bearer alice' } });
    const seen: unknown[] = [];
    const ended: string[] = [];
    const sink = {
      next: (value: unknown) => void seen.push(value),
      error: () => void ended.push('error'),
      complete: () => void ended.push('complete'),
    };
    client.subscribe({ query: 'subscription { nope }' }, sink);
    await until(() => ended.length === 1, 'the refusal');
    expect(seen).toMatchObject([{ errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] }]);
    client.subscribe({ query }, sink);
    await until(() => doors.little.feed.listeners() === 1, 'the subscription');
    doors.little.revocations.revoke({ sessionId: 'alice', endedAt: Date.now() });
    await until(() => ended.length === 2, 'the end');
    expect(seen[1]).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
    expect(ended).toEqual(['complete', 'complete']);
  });

  it('the client of graphql-sse leaves by closing the connection', async () => {
    const client = createClient({ url: `${doors.url}/graphql`, retryAttempts: 0 });
    const leave = client.subscribe({ query }, { next: () => undefined, error: () => undefined, complete: () => undefined });
    await until(() => doors.little.feed.listeners() === 1, 'the subscription');
    leave();
    await until(() => doors.little.feed.listeners() === 0, 'the subgraph to know');
  });

  it('the client of graphql-ws gets results and their end', async () => {
    const client = createSocketClient({ url: `${doors.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0 });
    expect(await results((sink) => client.subscribe({ query }, sink))).toEqual([...expected, 'complete']);
    await client.dispose();
  });

  it('a subgraph behind the handler of graphql-sse is subscribed to', async () => {
    const { feed, subgraphs } = createLittleSubgraphs([]);
    const subgraph = subgraphs.find((each) => each.subgraph.name === 'feed')?.subgraph;
    if (subgraph === undefined) throw new Error('no subgraph');
    const handler = createHandler({ schema: subgraph.schema, context: async () => ({ ...(await subgraph.createContext({})) }) });
    const server = createServer((request, response) => void handler(request, response)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const logger = createLogger({ name: 'test', level: 'silent' });
    const source = createHttpDataSource({
      name: 'feed',
      url: `http://127.0.0.1:${port}/`,
      secret: undefined,
      logger,
      subscriptions: { protocol: 'sse' },
    });
    const ask = (asked: string) => source.subscribe({ query: asked, operationName: undefined, variables: {}, headers: {} });
    const upstream = ask('subscription { ticks { n text } }');
    const first = nextMessage(upstream);
    await until(() => feed.listeners() === 1, 'the subscription');
    feed.publish({ n: 1, text });
    expect(await first).toEqual({ kind: 'event', data: { ticks: { n: 1, text } }, errors: [] });
    const second = nextMessage(upstream);
    feed.complete();
    expect(await second).toEqual({ kind: 'complete' });
    expect(await nextMessage(ask('subscription { nope }'))).toMatchObject({ errors: [{ message: expect.stringContaining('nope') }] });
    await source.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  /**
   * What Apollo Client (4.1, `parseAndCheckHttpResponse.js`) makes of the bytes: a part is what stands before a line break and the boundary, it
   * is JSON behind an empty line, its content type holds `application/json`; `{}` is skipped; `payload: null` ends it, with `errors` as those of
   * the protocol.
   */
  it('Apollo Client finds its parts where it looks for them', async () => {
    const controller = new AbortController();
    const response = await fetch(`${doors.url}/graphql`, {
      method: 'POST',
      signal: controller.signal,
      headers: {
        'content-type': 'application/json',
        accept: 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/graphql-response+json,application/json;q=0.9',
      },
      body: JSON.stringify({ query: 'subscription { ticks { n } }' }),
    });
    const contentType = response.headers.get('content-type') ?? '';
    const [, , boundary = '-'] = /;\s*boundary=(?:'([^']+)'|"([^"]+)"|([^"'].+?))\s*(?:;|$)/i.exec(contentType) ?? [];
    await until(() => doors.little.feed.listeners() === 1, 'the subscription');
    const decoder = new TextDecoder();
    let bytes = '';
    const read = (async () => {
      for await (const chunk of response.body ?? []) bytes += decoder.decode(chunk as Uint8Array, { stream: true });
    })();
    doors.little.feed.publish({ n: 1 });
    // There before anything comes after it.
    await until(() => bytes.split(`\r\n--${boundary}`).length === 3, 'the part');
    doors.little.feed.complete();
    await read;
    expect(bytes).toBe('\r\n--graphql\r\nContent-Type: application/json\r\n\r\n{"payload":{"data":{"ticks":{"n":1}}}}\r\n--graphql--\r\n');
  });
});
