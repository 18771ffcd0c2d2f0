import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '../../shared/logging/logger.js';
import { openTracing } from '../../shared/telemetry/open-tracing.js';
import type { Tracing } from '../../shared/telemetry/tracing.js';
import { openDoors, type Doors } from '../../tests/testkit/gateway/doors.js';
import { startLittleSupergraph, type LittleSupergraph, type Way } from '../../tests/testkit/gateway/little-supergraph.js';
import { until } from '../../tests/testkit/until.js';
import { liveTransports, openLiveClient, type LiveClient, type LiveOperation } from '../../tests/testkit/gateway/live-client.js';
import { openSocket, type Socket } from '../../tests/testkit/gateway/socket.js';
import { startTraceCollector, type CollectedSpan, type TraceCollector } from '../../tests/testkit/gateway/trace-collector.js';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const parent = 'b7ad6b7169203331';
const traceparent = `00-${traceId}-${parent}-01`;
const another = `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01`;
const ticks = 'subscription Ticks { ticks { n } }';
const ticksOfUsers = 'subscription Ticks { ticks { user { name } } }';

const logger = createLogger({ name: 'test', level: 'silent' });
let collector: TraceCollector;
let tracing: Tracing | undefined;
let little: LittleSupergraph;
let doors: Doors;
const clients: { vanish(): void }[] = [];

beforeEach(async () => {
  collector = await startTraceCollector();
});
afterEach(async () => {
  await finish();
  await doors.close();
  await little.close();
  collector.close();
});

async function start(way: Way, { isTraced = true, trustsTraceparent = true, share = 1 } = {}): Promise<void> {
  tracing = isTraced
    ? await openTracing({ endpoint: collector.endpoint, serviceName: undefined, headers: {}, share }, { name: 'test', logger })
    : undefined;
  little = await startLittleSupergraph(way, { tracing });
  doors = await openDoors(undefined, little, {
    tracing,
    insight: { slowOperationMs: undefined, showsQueryPlans: false, trustsTraceparent },
  });
}

/** All clients leave, and what they leave is told. */
async function finish(): Promise<void> {
  for (const client of clients.splice(0)) client.vanish();
  await until(() => little.feed.listeners() === 0, 'the ends of subscriptions');
  await tracing?.close();
  tracing = undefined;
}

async function subscribed(over: (typeof liveTransports)[number], operation: LiveOperation): Promise<LiveClient> {
  const before = little.feed.listeners();
  const client = await openLiveClient(over, doors.url, operation);
  clients.push(client);
  await until(() => little.feed.listeners() === before + 1, 'the subscription');
  return client;
}

const told = (subgraph: string) => little.received.filter((each) => each.subgraph === subgraph).map(({ headers }) => headers.traceparent);
const asParent = ({ traceId: trace, spanId }: CollectedSpan) => `00-${trace}-${spanId}-01`;

describe.each(liveTransports)('A trace over %s', (transport) => {
  it('of a subscription is the client’s, goes on in its subgraph, and has its end apart', async () => {
    await start('http');
    await subscribed(transport, { query: ticks, traceparent });
    await finish();
    const [operation, upstream] = [collector.named('subscription Ticks'), collector.named('subscribe feed')];
    expect(operation).toMatchObject({ traceId, parentSpanId: parent, kind: 2 });
    expect(upstream).toMatchObject({ traceId, parentSpanId: operation.spanId, kind: 3 });
    expect(told('feed')).toEqual([asParent(upstream)]);
    expect(collector.named('feed')).toMatchObject({ traceId, parentSpanId: upstream.spanId, kind: 2 });
    const end = collector.named('subscription Ticks, until its end');
    expect(end).toMatchObject({ traceId, parentSpanId: operation.spanId });
    expect(BigInt(end.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(operation.endTimeUnixNano));
    expect(collector.spans.length).toBe(5);
  });

  it('of an event is its own, linked to the subscription’s, with all that other subgraphs are asked', async () => {
    await start('http');
    const client = await subscribed(transport, { query: ticksOfUsers, traceparent });
    little.feed.publish({ user: { id: '1' } });
    expect(await client.next()).toEqual({ data: { ticks: { user: { name: 'User 1' } } } });
    await finish();
    const event = collector.named('event of subscription Ticks');
    expect(event.traceId).not.toBe(traceId);
    expect(event.links).toEqual([expect.objectContaining({ traceId, spanId: collector.named('subscription Ticks').spanId })]);
    const fetched = collector.named('fetch accounts');
    expect(fetched).toMatchObject({ traceId: event.traceId, parentSpanId: event.spanId });
    expect(collector.named('accounts')).toMatchObject({ traceId: event.traceId, parentSpanId: fetched.spanId });
  });

  it('is none of an event that nobody else is asked about', async () => {
    await start('in-process');
    const client = await subscribed(transport, { query: ticks });
    little.feed.publish({ n: 1 });
    await client.next();
    await finish();
    expect(collector.names()).toEqual([
      'parse, validate and plan',
      'subscribe feed',
      'subscription Ticks',
      'subscription Ticks, until its end',
    ]);
  });

  it('says why a subscription could not begin', async () => {
    await start('in-process');
    const client = await openLiveClient(transport, doors.url, { query: 'subscription Refused { refused { n } }' });
    clients.push(client);
    await client.next();
    await finish();
    expect(collector.named('subscription Refused, until its end').status).toEqual({ code: 2, message: 'FORBIDDEN' });
  });

  it('of a query is one as over HTTP', async () => {
    await start('in-process');
    const client = await openLiveClient(transport, doors.url, {
      query: 'query Stars { user(id: "1") { stars } }',
      traceparent,
      headers: { accept: transport === 'SSE' ? 'text/event-stream' : 'multipart/mixed;subscriptionSpec=1.0' },
    });
    clients.push(client);
    await client.next();
    await finish();
    expect(collector.names()).toEqual(['fetch accounts', 'fetch reviews', 'parse, validate and plan', 'query Stars']);
    expect(collector.named('query Stars')).toMatchObject({ traceId, parentSpanId: parent });
    expect(collector.named('fetch reviews').parentSpanId).toBe(collector.named('query Stars').spanId);
  });

  it('SECURITY 52: has nothing of documents, variables and tokens', async () => {
    await start('http');
    const client = await openLiveClient(transport, doors.url, {
      query: 'subscription Ticks($topic: String) { feed(topic: $topic) { __typename secretField } }',
      variables: { topic: 'secret-topic' },
      token: 'secret-token',
    });
    clients.push(client);
    await client.next();
    await finish();
    expect(collector.sent()).toContain('GRAPHQL_VALIDATION_FAILED');
    expect(collector.sent()).not.toMatch(/secret/i);
  });

  it('of a client goes on to subgraphs also when nobody collects traces here', async () => {
    await start('http', { isTraced: false });
    const client = await subscribed(transport, { query: ticksOfUsers, traceparent });
    little.feed.publish({ user: { id: '1' } });
    await client.next();
    expect([told('feed'), told('accounts')]).toEqual([[traceparent], [traceparent]]);
    await finish();
    expect(collector.spans).toEqual([]);
  });

  it('that is not kept is told to the subgraph as such', async () => {
    await start('in-process', { share: 0 });
    await subscribed(transport, { query: ticks });
    await finish();
    expect(told('feed')).toEqual([expect.stringMatching(/-00$/)]);
    expect(collector.spans).toEqual([]);
  });
});

describe('A trace of an event that many share', () => {
  it('SECURITY 45: is one, linked to nobody’s, and the subgraph is told of no subscriber', async () => {
    await start('http');
    const sharing = [
      await subscribed('WebSocket', { query: ticksOfUsers, traceparent }),
      await subscribed('WebSocket', { query: ticksOfUsers, traceparent: another }),
    ];
    // The first event is shared from the second one on who gets it.
    for (const event of [{ user: null }, { user: { id: '2' } }]) {
      little.feed.publish(event);
      await Promise.all(sharing.map((client) => client.next()));
    }
    await finish();
    const event = collector.named('event of subscription Ticks');
    expect(event.links ?? []).toEqual([]);
    expect(told('accounts')).toEqual([asParent(collector.named('fetch accounts'))]);
    expect([traceId, 'c'.repeat(32)]).not.toContain(event.traceId);
  });

  it('SECURITY 45: tells the subgraph of no subscriber’s trace when nobody collects them here', async () => {
    await start('http', { isTraced: false });
    const sharing = [
      await subscribed('WebSocket', { query: ticksOfUsers, traceparent }),
      await subscribed('WebSocket', { query: ticksOfUsers, traceparent }),
    ];
    for (const event of [{ user: null }, { user: { id: '2' } }]) {
      little.feed.publish(event);
      await Promise.all(sharing.map((client) => client.next()));
    }
    expect(told('accounts')).toEqual([undefined]);
  });
});

describe('Over a WebSocket', () => {
  async function openTraced(upgrade: string | undefined, init: unknown): Promise<Socket> {
    const socket = await openSocket(doors.url, upgrade === undefined ? {} : { traceparent: upgrade });
    clients.push({ vanish: () => socket.ws.terminate() });
    socket.send({ type: 'connection_init', payload: { traceparent: init } });
    await socket.next();
    return socket;
  }

  it.each([
    ['the operation’s own', another, another, traceparent],
    ['that of connection_init', another, traceparent, undefined],
    ['that of connection_init when the operation’s is none', undefined, traceparent, 'x'],
    ['that of the upgrade', traceparent, undefined, undefined],
    ['that of the upgrade when connection_init has none', traceparent, { not: 'one' }, ['nor', 'this']],
  ])('%s is continued', async (_, upgrade, init, own) => {
    await start('in-process');
    const socket = await openTraced(upgrade, init);
    socket.send({ id: '1', type: 'subscribe', payload: { query: '{ listeners }', extensions: { traceparent: own } } });
    await socket.next();
    await finish();
    expect(collector.named('query')).toMatchObject({ traceId, parentSpanId: parent });
  });

  it('none is continued when clients are not trusted', async () => {
    await start('in-process', { trustsTraceparent: false });
    const socket = await openTraced(traceparent, traceparent);
    socket.send({ id: '1', type: 'subscribe', payload: { query: '{ listeners }', extensions: { traceparent } } });
    await socket.next();
    await finish();
    expect(collector.named('query').traceId).not.toBe(traceId);
  });
});
