import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '../../shared/logging/logger.js';
import { openTracing } from '../../shared/telemetry/open-tracing.js';
import type { Tracing } from '../../shared/telemetry/tracing.js';
import { openDoors, type Doors } from '../../tests/testkit/gateway/doors.js';
import { startLittleSupergraph, type LittleSupergraph, type Way } from '../../tests/testkit/gateway/little-supergraph.js';
import { startTraceCollector, type TraceCollector } from '../../tests/testkit/gateway/trace-collector.js';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const parent = 'b7ad6b7169203331';
const traceparent = `00-${traceId}-${parent}-01`;

const logger = createLogger({ name: 'test', level: 'silent' });
let collector: TraceCollector;
let tracing: Tracing | undefined;
let little: LittleSupergraph;
let doors: Doors;

beforeEach(async () => {
  collector = await startTraceCollector();
});
afterEach(async () => {
  await doors.close();
  await little.close();
  collector.close();
});

async function start(way: Way, { isTraced = true, trustsTraceparent = true, share = 1 } = {}): Promise<void> {
  tracing = isTraced
    ? await openTracing({ endpoint: collector.endpoint, serviceName: undefined, headers: {}, share }, { name: 'test', logger })
    : undefined;
  little = await startLittleSupergraph(way, { tracing });
  const insight = { slowOperationMs: undefined, showsQueryPlans: false, trustsTraceparent };
  doors = await openDoors(undefined, little, { tracing, insight });
}

async function ask(query: string, headers: Record<string, string> = {}): Promise<unknown> {
  const response = await fetch(`${doors.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables: { id: 'secret-variable' } }),
  });
  const answer: unknown = await response.json();
  await tracing?.close();
  return answer;
}

const twoSubgraphs = 'query Two($id: ID!) { user(id: $id) { stars } }';

describe('A trace', () => {
  it('over HTTP is one of the client, the gateway, each fetch and each subgraph, with the right parents', async () => {
    await start('http');
    await ask(twoSubgraphs, { traceparent });
    expect(new Set(collector.spans.map((span) => span.traceId))).toEqual(new Set([traceId]));
    const operation = collector.named('query Two');
    expect([operation.parentSpanId, operation.kind]).toEqual([parent, 2]);
    for (const subgraph of ['accounts', 'reviews']) {
      expect(collector.named(`fetch ${subgraph}`)).toMatchObject({ parentSpanId: operation.spanId, kind: 3 });
      expect(collector.named(subgraph)).toMatchObject({ parentSpanId: collector.named(`fetch ${subgraph}`).spanId, kind: 2 });
    }
    expect(collector.named('parse, validate and plan').parentSpanId).toBe(operation.spanId);
    expect(collector.spans.length).toBe(6);
  });

  it('in one process is the same without the subgraphs’ own spans, and they are told of it', async () => {
    await start('in-process');
    await ask(twoSubgraphs, { traceparent });
    expect(collector.names()).toEqual(['fetch accounts', 'fetch reviews', 'parse, validate and plan', 'query Two']);
    expect(little.received.map(({ headers }) => headers.traceparent)).toEqual(
      ['accounts', 'reviews'].map((name) => `00-${traceId}-${collector.named(`fetch ${name}`).spanId}-01`),
    );
  });

  it('SECURITY 52: has nothing of documents and variables', async () => {
    await start('http');
    await ask('query Two($id: ID!) { user(id: $id) { secretField } }');
    await doors.close();
    expect(collector.sent()).toContain('GRAPHQL_VALIDATION_FAILED');
    expect(collector.sent()).not.toMatch(/secret/i);
  });

  it('says what failed', async () => {
    await start('http');
    await ask('query Failed { forbidden }');
    expect(collector.named('query Failed').status).toEqual({ code: 2, message: 'FORBIDDEN' });
    expect(collector.named('fetch accounts').status).toEqual({ code: 2, message: 'ERRORS' });
  });

  it('of a client is not continued when clients are not trusted, or when it is no traceparent', async () => {
    await start('http', { trustsTraceparent: false });
    await ask(twoSubgraphs, { traceparent });
    expect(collector.named('query Two')).toMatchObject({ traceId: expect.not.stringContaining(traceId) });
    expect(collector.named('query Two').parentSpanId ?? '').toBe('');
  });

  it.each([
    '',
    'x',
    `00-${'0'.repeat(32)}-${parent}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `${traceparent}-more`,
    traceparent.toUpperCase(),
  ])('does not begin with "%s"', async (given) => {
    await start('in-process', { isTraced: false });
    await ask(twoSubgraphs, { traceparent: given });
    expect(little.received.map(({ headers }) => headers.traceparent)).toEqual([undefined, undefined]);
  });

  it('of a client goes on to subgraphs also when nobody collects traces here', async () => {
    await start('http', { isTraced: false });
    await ask(twoSubgraphs, { traceparent });
    expect(little.received.map(({ headers }) => headers.traceparent)).toEqual([traceparent, traceparent]);
    expect(collector.spans).toEqual([]);
  });

  it('that is not kept is told to subgraphs as such, and one that a client keeps is kept', async () => {
    await start('in-process', { share: 0 });
    await ask(twoSubgraphs);
    expect(little.received.map(({ headers }) => headers.traceparent?.slice(-3))).toEqual(['-00', '-00']);
    expect(collector.spans).toEqual([]);
    await doors.close();
    await little.close();
    await start('in-process', { share: 0 });
    await ask(twoSubgraphs, { traceparent });
    expect(collector.named('query Two').traceId).toBe(traceId);
  });
});
