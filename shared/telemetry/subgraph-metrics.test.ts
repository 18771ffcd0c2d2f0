import { afterEach, describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import { serveSubgraph, type SubgraphServer } from '../graphql/subgraph-server.js';
import type { Subgraph } from '../graphql/subgraph.js';
import { createLogger } from '../logging/logger.js';
import { queueGauges } from './queue-gauges.js';
import { openSubgraphMetrics } from './subgraph-metrics.js';
import type { MetricsConfig } from './telemetry-variables.js';

const gatewaySecret = 'only-for-tests-only-for-tests-only-for-tests';
const logger = createLogger({ name: 'test', level: 'silent' });

describe('/metrics of a subgraph', () => {
  let server: SubgraphServer;
  afterEach(() => server.close());

  async function start(access: MetricsConfig | undefined): Promise<string> {
    const subgraph: Subgraph = {
      name: 'fake',
      schema: buildSchema('type Query { a: Int }'),
      createContext: () => Promise.resolve({}),
      ready: () => Promise.resolve([{ name: 'database', ok: false, latencyMs: 2 }]),
      gauges: [
        { name: 'galaxia_apples', help: 'Apples.', read: () => 3 },
        ...queueGauges(() => ({ waiting: 2, oldestMs: 1_500, begun: 7, waitedMs: 2_500, refused: 1 })),
        { name: 'galaxia_pears', help: 'Pears.', read: () => Promise.reject(new Error('nobody counts them')) },
      ],
      close: () => Promise.resolve(),
    };
    server = await serveSubgraph({
      subgraph,
      host: '127.0.0.1',
      port: 0,
      gatewaySecret,
      metrics: openSubgraphMetrics(access, subgraph),
      logger,
    });
    return new URL('/metrics', server.url).href;
  }

  it('is not there when metrics are off', async () => {
    expect((await fetch(await start(undefined))).status).toBe(404);
  });

  it('tells nothing without its token, also with the secret of the gateway', async () => {
    const url = await start({ token: 'a-token-of-the-scraper' });
    expect((await fetch(url, { headers: { 'x-gateway-secret': gatewaySecret } })).status).toBe(401);
    expect((await fetch(url, { headers: { authorization: 'Bearer a-token-of-the-scraper' } })).status).toBe(200);
  });

  it('tell of what the subgraph depends on, and of what it knows itself', async () => {
    const text = await (await fetch(await start({ token: undefined }))).text();
    expect(text).toContain('galaxia_dependency_up{dependency="database"} 0\n');
    expect(text).toContain('galaxia_apples{subgraph="fake"} 3\n');
    expect(text).not.toContain('galaxia_pears{');
  });

  it('tell of its queue, and of what only grows in a way in which it can be added up', async () => {
    const url = await start({ token: undefined });
    await (await fetch(url)).text();
    const text = await (await fetch(url)).text();
    for (const line of [
      'galaxia_queue_waiting{subgraph="fake"} 2',
      'galaxia_queue_oldest_seconds{subgraph="fake"} 1.5',
      'galaxia_queue_wait_seconds_total{subgraph="fake"} 2.5',
      '# TYPE galaxia_queue_tasks_total counter\ngalaxia_queue_tasks_total{subgraph="fake"} 7',
      '# TYPE galaxia_queue_refused_total counter\ngalaxia_queue_refused_total{subgraph="fake"} 1',
    ])
      expect(text).toContain(`${line}\n`);
  });

  it('counts what the gateway was answered, and what was refused to others not', async () => {
    const url = await start({ token: undefined });
    const ask = (secret: string) =>
      fetch(server.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-gateway-secret': secret },
        body: '{"query":"{ a }"}',
      }).then((response) => response.text());
    await ask(gatewaySecret);
    await ask('another');
    const text = await (await fetch(url)).text();
    expect(text).toContain('galaxia_served_operation_duration_seconds_count{status="200"} 1');
    expect(text).not.toContain('status="403"');
  });
});
