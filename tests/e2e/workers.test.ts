import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startForeignSubgraph, type ForeignSubgraph } from '../testkit/gateway/foreign-subgraph.js';
import { compose } from '../testkit/gateway/little-supergraph.js';
import { until } from '../testkit/until.js';
import { freePort } from '../testkit/services/free-ports.js';
import { startProcess, type ProductProcess } from '../testkit/services/process.js';
import { openInitialisedSocket } from '../testkit/gateway/socket.js';

interface Line {
  readonly pid: number;
  readonly msg: string;
  readonly path?: string;
  readonly worker?: number;
  readonly ended?: string;
}

describe('The gateway with WORKERS=2', () => {
  let folder: string;
  let products: ForeignSubgraph;
  let gateway: ProductProcess;
  let url: string;

  const lines = (): readonly Line[] =>
    gateway
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Line);
  /** Who has answered GraphQL so far. */
  const answering = () => [...new Set(lines().flatMap(({ pid, path }) => (path === '/graphql' ? [pid] : [])))];
  /** `close` opens a connection for each, so that workers take turns. */
  async function ask(connection: 'close' | 'keep-alive' = 'close'): Promise<unknown> {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection },
      body: JSON.stringify({ query: 'query Product { product { id } }' }),
    });
    return response.json();
  }
  async function valueOf(series: string): Promise<number> {
    const text = await (await fetch(`${url}/metrics`)).text();
    return Number(new RegExp(`^${series.replace(/[{}"]/g, '\\$&')} (.*)$`, 'm').exec(text)?.[1]);
  }
  const right = { data: { product: { id: '7' } } };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'galaxia-'));
    products = await startForeignSubgraph(
      'products',
      `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
       type Query { product: Product } type Product @key(fields: "id") { id: ID! } type Subscription { ticks: Int }`,
      {
        Query: { product: () => ({ id: '7' }) },
        Subscription: {
          ticks: {
            async *subscribe() {
              yield await Promise.resolve({ ticks: 1 });
            },
          },
        },
      },
    );
    writeFileSync(join(folder, 'supergraph.graphql'), compose([products]));
    const port = await freePort();
    url = `http://127.0.0.1:${String(port)}`;
    gateway = startProcess('gateway/main.js', {
      SUPERGRAPH_PATH: join(folder, 'supergraph.graphql'),
      PORT: String(port),
      WORKERS: '2',
      LOG_LEVEL: 'debug',
    });
    await until(() => lines().some(({ msg, pid }) => msg === 'ready' && pid === gateway.child.pid), 'both workers', 60_000);
  }, 90_000);
  afterAll(async () => {
    await gateway.stop('SIGKILL');
    await products.stop();
    rmSync(folder, { recursive: true });
  });

  it('answers by two processes on one port, neither of which is the one that was started', async () => {
    await until(async () => {
      expect(await ask()).toEqual(right);
      return answering().length === 2;
    }, 'both to answer');
    expect(answering()).not.toContain(gateway.child.pid);
  });

  it('tells the sum of what they count, and both in its readiness', async () => {
    const counted = await valueOf('galaxia_operation_duration_seconds_count{operation="Product",type="query"}');
    await until(() => lines().filter(({ path }) => path === '/graphql').length === counted, 'a line for each');
    expect(await valueOf('galaxia_workers')).toBe(2);
    const ready = (await (await fetch(`${url}/health/ready`)).json()) as { dependencies: readonly { name: string }[] };
    expect(ready.dependencies.map(({ name }) => name)).toEqual(['products', 'workers (2 of 2)']);
  });

  it('serves subscriptions', async () => {
    const socket = await openInitialisedSocket(url);
    socket.send({ id: '1', type: 'subscribe', payload: { query: 'subscription { ticks }' } });
    expect(await socket.next()).toMatchObject({ type: 'next', payload: { data: { ticks: 1 } } });
    socket.ws.close();
  });

  it('replaces one that is killed under load, and only requests in its hands fail', async () => {
    const [killed = 0, other] = answering();
    let isOver = false;
    let failed = 0;
    let answered = 0;
    const clients = Array.from({ length: 16 }, async () => {
      while (!isOver) {
        const answer = await ask('keep-alive').catch(() => undefined);
        if (answer === undefined) failed += 1;
        else {
          expect(answer).toEqual(right);
          answered += 1;
        }
      }
    });
    try {
      await until(() => answered > 100, 'the load');
      process.kill(killed, 'SIGKILL');
      await until(() => lines().some(({ msg }) => msg === 'a worker ended and is replaced'), 'the word of it');
      expect(lines().find(({ worker }) => worker !== undefined)).toMatchObject({ worker: killed, ended: 'SIGKILL' });
      await until(async () => {
        await ask();
        return answering().length === 3;
      }, 'the new one to answer');
    } finally {
      isOver = true;
      await Promise.all(clients);
    }
    expect(answering()).toEqual(expect.arrayContaining([killed, other]));
    // Each client has one request under way at a time.
    expect(failed).toBeLessThanOrEqual(16);
    expect(await valueOf('galaxia_worker_restarts_total')).toBe(1);
    expect(await valueOf('galaxia_workers')).toBe(2);
  });

  it('ends with 0 on SIGTERM, and its workers with it', async () => {
    const pids = answering().slice(1);
    expect(await gateway.stop()).toBe(0);
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  });
});
