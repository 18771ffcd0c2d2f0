import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openTracing } from '../../shared/telemetry/open-tracing.js';
import type { Tracing } from '../../shared/telemetry/tracing.js';
import { openDoors, type Doors } from '../../tests/testkit/doors.js';
import { startLittleSupergraph, type LittleSupergraph, type Way } from '../../tests/testkit/little-supergraph.js';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly status?: { readonly code?: number; readonly message?: string };
}

const traceId = '0af7651916cd43dd8448eb211c80319c';
const parent = 'b7ad6b7169203331';
const traceparent = `00-${traceId}-${parent}-01`;

let collector: Server;
let sent = '';
let spans: Span[] = [];
let tracing: Tracing | undefined;
let little: LittleSupergraph;
let doors: Doors;

beforeEach(async () => {
  sent = '';
  spans = [];
  collector = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      expect(request.url).toBe('/v1/traces');
      sent += body;
      const { resourceSpans } = JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] };
      spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  await once(collector.listen(0, '127.0.0.1'), 'listening');
});
afterEach(async () => {
  await doors.close();
  await little.close();
  collector.closeAllConnections();
  collector.close();
});

async function start(way: Way, { isTraced = true, trustsTraceparent = true, share = 1 } = {}): Promise<void> {
  const address = collector.address();
  const endpoint = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  tracing = isTraced ? await openTracing({ endpoint, serviceName: undefined, share }, 'test') : undefined;
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

const named = (name: string): Span => {
  const found = spans.filter((span) => span.name === name);
  if (found.length !== 1 || found[0] === undefined)
    throw new Error(`${found.length} spans named ${name} of ${spans.map((span) => span.name).join()}`);
  return found[0];
};
const twoSubgraphs = 'query Two($id: ID!) { user(id: $id) { stars } }';

describe('A trace', () => {
  it('over HTTP is one of the client, the gateway, each fetch and each subgraph, with the right parents', async () => {
    await start('http');
    await ask(twoSubgraphs, { traceparent });
    expect(new Set(spans.map((span) => span.traceId))).toEqual(new Set([traceId]));
    const operation = named('query Two');
    expect([operation.parentSpanId, operation.kind]).toEqual([parent, 2]);
    for (const subgraph of ['accounts', 'reviews']) {
      expect(named(`fetch ${subgraph}`)).toMatchObject({ parentSpanId: operation.spanId, kind: 3 });
      expect(named(subgraph)).toMatchObject({ parentSpanId: named(`fetch ${subgraph}`).spanId, kind: 2 });
    }
    expect(named('parse, validate and plan').parentSpanId).toBe(operation.spanId);
    expect(spans.length).toBe(6);
  });

  it('in one process is the same without the subgraphs’ own spans, and they are told of it', async () => {
    await start('in-process');
    await ask(twoSubgraphs, { traceparent });
    expect(spans.map(({ name }) => name).sort()).toEqual(['fetch accounts', 'fetch reviews', 'parse, validate and plan', 'query Two']);
    expect(little.received.map(({ headers }) => headers.traceparent)).toEqual(
      ['accounts', 'reviews'].map((name) => `00-${traceId}-${named(`fetch ${name}`).spanId}-01`),
    );
  });

  it('SECURITY 52: has nothing of documents and variables', async () => {
    await start('http');
    await ask('query Two($id: ID!) { user(id: $id) { secretField } }');
    await doors.close();
    expect(sent).toContain('GRAPHQL_VALIDATION_FAILED');
    expect(sent).not.toMatch(/secret/i);
  });

  it('says what failed', async () => {
    await start('http');
    await ask('query Failed { forbidden }');
    expect(named('query Failed').status).toEqual({ code: 2, message: 'FORBIDDEN' });
    expect(named('fetch accounts').status).toEqual({ code: 2, message: 'ERRORS' });
  });

  it('of a client is not continued when clients are not trusted, or when it is no traceparent', async () => {
    await start('http', { trustsTraceparent: false });
    await ask(twoSubgraphs, { traceparent });
    expect(named('query Two')).toMatchObject({ traceId: expect.not.stringContaining(traceId) });
    expect(named('query Two').parentSpanId ?? '').toBe('');
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
    expect(spans).toEqual([]);
  });

  it('that is not kept is told to subgraphs as such, and one that a client keeps is kept', async () => {
    await start('in-process', { share: 0 });
    await ask(twoSubgraphs);
    expect(little.received.map(({ headers }) => headers.traceparent?.slice(-3))).toEqual(['-00', '-00']);
    expect(spans).toEqual([]);
    await doors.close();
    await little.close();
    await start('in-process', { share: 0 });
    await ask(twoSubgraphs, { traceparent });
    expect(named('query Two').traceId).toBe(traceId);
  });
});
