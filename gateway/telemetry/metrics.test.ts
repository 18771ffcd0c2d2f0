import { afterEach, describe, expect, it } from '@jest/globals';
import { openDoors, type Doors } from '../../tests/testkit/gateway/doors.js';
import { startLittleSupergraph, type LittleSupergraph } from '../../tests/testkit/gateway/little-supergraph.js';
import { until } from '../../tests/testkit/until.js';
import { openInitialisedSocket } from '../../tests/testkit/gateway/socket.js';
import type { MetricsConfig } from '../../shared/telemetry/telemetry-variables.js';
import { openMetrics } from './open-metrics.js';

let little: LittleSupergraph;
let doors: Doors;
afterEach(async () => {
  await doors.close();
  await little.close();
});

async function start(access: MetricsConfig | undefined = { token: undefined }): Promise<void> {
  const metrics = openMetrics(access);
  little = await startLittleSupergraph('http', { onFetch: metrics?.counted.onFetch });
  doors = await openDoors(undefined, little, { metrics });
}

const read = (headers: Record<string, string> = {}) => fetch(`${doors.url}/metrics`, { headers });

/** The value of a series, by its name with labels as Prometheus writes them; undefined when it is not there. */
async function valueOf(series: string): Promise<number | undefined> {
  const text = await (await read()).text();
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length));
}

describe('/metrics', () => {
  it('is not there when metrics are off', async () => {
    doors = await openDoors(undefined, (little = await startLittleSupergraph('in-process')), { metrics: openMetrics(undefined) });
    expect((await read()).status).toBe(404);
  });

  it('tells nothing without the token, or with one that begins like it', async () => {
    const token = 'a-token-of-the-scraper';
    await start({ token });
    for (const authorization of ['', token, `Bearer ${token.slice(0, -1)}`, `Bearer ${token}x`, `bearer ${token}`]) {
      const refused = await read({ authorization });
      expect([refused.status, await refused.text()]).toEqual([401, expect.not.stringContaining('galaxia_')]);
    }
    const told = await read({ authorization: `Bearer ${token}` });
    expect([told.status, told.headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    expect(told.headers.get('cache-control')).toBe('no-store');
  });

  it('SECURITY 52: has no word of documents, variables, tokens and ids', async () => {
    await start();
    const query = 'mutation Hello($name: String!) { greet(name: $name) }';
    await doors.ask('HTTP', { query, variables: { name: 'secret-variable' } }, { user: 'secret-user' });
    await doors.ask('WebSocket', { query, variables: { name: 'secret-variable' } }, { user: 'secret-user' });
    await doors.ask('HTTP', { query: 'query SecretName { secretField }' }, { user: 'secret-user' });
    const text = await (await read()).text();
    expect(text).toContain('operation="Hello"');
    expect(text).not.toMatch(/secret/i);
  });
});

describe.each(['HTTP', 'WebSocket'] as const)('Metrics of operations over %s', (door) => {
  const label = door === 'HTTP' ? 'http' : 'websocket';

  it('count results by their code, and what limits refuse by the limit', async () => {
    await start();
    await doors.ask(door, { query: '{ listeners }' });
    await doors.ask(door, { query: '{ nobodyHasThis }' });
    await doors.ask(door, { query: '{ forbidden }' });
    await doors.ask(door, { query: `{ ${'a'.repeat(3)} { b { c { d { e { f { g { h { i { j { k { l { m } } } } } } } } } } } } }` });
    await until(async () => (await valueOf(`galaxia_operation_results_total{door="${label}",code="OK"}`)) === 1, 'the count');
    expect(await valueOf(`galaxia_operation_results_total{door="${label}",code="GRAPHQL_VALIDATION_FAILED"}`)).toBe(1);
    expect(await valueOf(`galaxia_operation_results_total{door="${label}",code="FORBIDDEN"}`)).toBe(1);
    expect(await valueOf(`galaxia_operation_results_total{door="${label}",code="OPERATION_TOO_COMPLEX"}`)).toBe(1);
    expect(await valueOf('galaxia_limit_refusals_total{limit="MAX_DEPTH"}')).toBe(1);
  });

  it('time those that ran by name and type, and no others', async () => {
    await start();
    await doors.ask(door, { query: 'query Two { listeners }' });
    await doors.ask(door, { query: 'query Two { again: listeners }' });
    await doors.ask(door, { query: '{ listeners }' });
    await doors.ask(door, { query: 'query Refused { nobodyHasThis }' });
    const count = (name: string) => valueOf(`galaxia_operation_duration_seconds_count{operation="${name}",type="query"}`);
    await until(async () => (await count('Two')) === 2 && (await count('anonymous')) === 1, 'the counts');
    expect(await count('Refused')).toBeUndefined();
  });
});

describe('Metrics', () => {
  it('count requests to subgraphs with outcome, bytes and circuit', async () => {
    await start();
    await doors.ask('HTTP', { query: '{ user(id: "1") { stars } }' });
    await doors.ask('HTTP', { query: '{ forbidden }' });
    const fetches = (subgraph: string, outcome: string) =>
      valueOf(`galaxia_subgraph_fetch_duration_seconds_count{subgraph="${subgraph}",outcome="${outcome}"}`);
    expect([await fetches('accounts', 'ok'), await fetches('reviews', 'ok'), await fetches('accounts', 'errors')]).toEqual([1, 1, 1]);
    expect(await valueOf('galaxia_subgraph_received_bytes_total{subgraph="reviews"}')).toBeGreaterThan(20);
    expect(await valueOf('galaxia_subgraph_retries_total{subgraph="reviews"}')).toBe(0);
    expect(await valueOf('galaxia_subgraph_circuit_state{subgraph="reviews"}')).toBe(0);
    await little.stopSubgraphs();
    await doors.ask('HTTP', { query: '{ forbidden }' });
    expect(await fetches('accounts', 'connect')).toBe(1);
  });

  it('count operations that were parsed before', async () => {
    await start();
    for (const query of ['{ listeners }', '{ listeners }', '{ again: listeners }']) await doors.ask('HTTP', { query });
    expect(await valueOf('galaxia_operation_cache_requests_total{result="hit"}')).toBe(1);
    expect(await valueOf('galaxia_operation_cache_requests_total{result="miss"}')).toBe(2);
    expect(await valueOf('galaxia_operation_cache_entries')).toBe(2);
  });

  it('follow sockets, their subscriptions and events, and count how they end', async () => {
    await start();
    const socket = await openInitialisedSocket(doors.url, 'alice');
    socket.send({ id: '1', type: 'subscribe', payload: { query: 'subscription Ticks { ticks { n } }' } });
    await until(() => little.feed.listeners() === 1, 'the subscription');
    little.feed.publish({ n: 1 });
    await socket.next();
    expect(await valueOf('galaxia_websocket_connections{state="initialised"}')).toBe(1);
    expect(await valueOf('galaxia_websocket_operations{type="subscription"}')).toBe(1);
    expect(await valueOf('galaxia_websocket_results_total')).toBe(1);
    socket.ws.close(4999);
    await until(async () => (await valueOf('galaxia_websocket_closes_total{code="4999"}')) === 1, 'the close');
    expect(await valueOf('galaxia_websocket_connections{state="initialised"}')).toBe(0);
    expect(await valueOf('galaxia_websocket_operations{type="subscription"}')).toBe(0);
    expect(await valueOf('galaxia_operation_results_total{door="websocket",code="OK"}')).toBe(1);
  });

  it('follow subscriptions by operation and subgraph, and what is made of their events', async () => {
    await start();
    const sockets = [await openInitialisedSocket(doors.url, 'alice'), await openInitialisedSocket(doors.url, 'bob')];
    for (const socket of sockets) {
      socket.send({ id: '1', type: 'subscribe', payload: { query: 'subscription Ticks { ticks { n user { name } } }' } });
    }
    await until(() => little.feed.listeners() === 2, 'the subscriptions');
    // The first one is everybody's own until a second gets it.
    for (const event of [{ n: 1 }, { n: 2, user: { id: '2' } }, { n: 3, user: { id: '2' } }]) {
      little.feed.publish(event);
      await Promise.all(sockets.map((socket) => socket.next()));
    }
    expect(await valueOf('galaxia_subscriptions_running{operation="Ticks"}')).toBe(2);
    expect(await valueOf('galaxia_subscriptions_started_total{operation="Ticks"}')).toBe(2);
    expect(await valueOf('galaxia_subscription_results_total{operation="Ticks"}')).toBe(6);
    expect(await valueOf('galaxia_subgraph_subscriptions{subgraph="feed"}')).toBe(2);
    expect(await valueOf('galaxia_subgraph_subscriptions{subgraph="reviews"}')).toBe(0);
    expect(await valueOf('galaxia_subscription_channels')).toBe(1);
    const [own = 0, shared = 0, made = 0] = await Promise.all([
      valueOf('galaxia_subscription_events_total{completed="own"}'),
      valueOf('galaxia_subscription_events_total{completed="shared"}'),
      valueOf('galaxia_subscription_events_made_total'),
    ]);
    expect([own + shared, made]).toEqual([6, 3]);
    expect(await valueOf('galaxia_websocket_received_messages_total')).toBe(4);
    expect(await valueOf('galaxia_websocket_operations_per_connection_bucket{le="0"}')).toBe(0);
    expect(await valueOf('galaxia_websocket_operations_per_connection_bucket{le="1"}')).toBe(2);
    sockets[0]?.ws.terminate();
    sockets[1]?.send({ id: '1', type: 'complete' });
    await until(async () => (await valueOf('galaxia_subgraph_subscriptions{subgraph="feed"}')) === 0, 'the ends');
    expect(await valueOf('galaxia_subscriptions_running{operation="Ticks"}')).toBe(0);
    expect(await valueOf('galaxia_websocket_operations_per_connection_bucket{le="0"}')).toBe(1);
  });

  it('tell of sockets that take nothing before they are closed', async () => {
    await start();
    const socket = await openInitialisedSocket(doors.url);
    expect(await valueOf('galaxia_websocket_held_back_connections')).toBe(0);
    socket.ws.pause();
    socket.send({ id: '1', type: 'subscribe', payload: { query: 'subscription { flood(size: 100000) { text } }' } });
    await until(async () => (await valueOf('galaxia_websocket_held_back_connections')) === 1, 'the socket to be full');
    expect(await valueOf('galaxia_websocket_unsent_bytes')).toBeGreaterThan(0);
    socket.ws.terminate();
  });

  it('tell whether what the gateway depends on answers', async () => {
    const metrics = openMetrics({ token: undefined });
    little = await startLittleSupergraph('in-process');
    doors = await openDoors(undefined, little, {
      metrics,
      ready: () =>
        Promise.resolve([
          { name: 'accounts', ok: true, latencyMs: 12 },
          { name: 'workers (1 of 4)', ok: false, latencyMs: 0 },
        ]),
    });
    expect(await valueOf('galaxia_dependency_up{dependency="accounts"}')).toBe(1);
    expect(await valueOf('galaxia_dependency_latency_seconds{dependency="accounts"}')).toBe(0.012);
    expect(await valueOf('galaxia_dependency_up{dependency="workers"}')).toBe(0);
  });

  it('count clients that left before their answer', async () => {
    await start();
    const leaving = new AbortController();
    const asked = fetch(`${doors.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ slow }' }),
      signal: leaving.signal,
    }).catch(() => undefined);
    await until(() => little.received.length > 0, 'the subgraph to be asked');
    leaving.abort();
    await asked;
    await until(async () => (await valueOf('galaxia_operation_results_total{door="http",code="CLIENT_LEFT"}')) === 1, 'the count');
  });

  it('have those of the process', async () => {
    await start();
    const text = await (await read()).text();
    for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds']) {
      expect(text).toContain(`\n${name} `);
    }
  });
});
