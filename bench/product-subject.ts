/** The all-in-one from the build, in a process of its own on a fresh Postgres, asked over HTTP: what people run. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { Pool } from 'undici';
import { startPostgres } from '../tests/testkit/services/postgres.js';
import { freePort } from '../tests/testkit/services/free-ports.js';
import { startProcess } from '../tests/testkit/services/process.js';
import { cpuTimeOf, cpuTimeOfPostgres } from './cpu-time.js';

export interface Connections {
  /** Posts a GraphQL request, written already, and answers the body as text: to parse it costs the cores that are measured. */
  ask(body: string, token?: string): Promise<string>;
}

export interface ProductSubject {
  /** As many as are used at once. */
  connections(count: number): Connections;
  /** In ms, since the start. */
  cpuTime(): Promise<{ readonly product: number; readonly postgres: number }>;
  close(): Promise<void>;
}

export async function startProduct(threadPoolSize: number): Promise<ProductSubject> {
  const postgres = await startPostgres();
  if (postgres === null) throw new Error('this needs PostgreSQL');
  const url = await postgres.createDatabase();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const folder = mkdtempSync(join(tmpdir(), 'galaxia-bench-'));
  const port = await freePort();
  const product = startProcess('gateway/all-in-one.js', {
    PORT: String(port),
    DATA_DIR: folder,
    AUTH_DATABASE_URL: url,
    USERS_DATABASE_URL: url,
    SESSIONS_DATABASE_URL: url,
    IMAGES_DATABASE_URL: url,
    RATE_LIMIT_SCALE: '1000000',
    UV_THREADPOOL_SIZE: String(threadPoolSize),
  });
  const origin = `http://127.0.0.1:${String(port)}`;
  await product.untilReady(`${origin}/health/ready`);
  const { pid } = product.child;
  if (pid === undefined) throw new Error('the product has no process');
  const pools: Pool[] = [];

  return {
    connections(count) {
      const pool = new Pool(origin, { connections: count, pipelining: 1 });
      pools.push(pool);
      return {
        async ask(body, token) {
          const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
          const headers = { 'content-type': 'application/json', 'user-agent': 'bench', ...authorization };
          return post(pool, headers, body);
        },
      };
    },
    cpuTime: async () => ({ product: cpuTimeOf(pid), postgres: await cpuTimeOfPostgres(client) }),
    async close() {
      for (const pool of pools) await pool.close();
      await product.stop();
      await client.end();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Without the stream that `request` makes of an answer: the load shares the cores with what is measured. */
function post(pool: Pool, headers: Record<string, string>, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    pool.dispatch(
      { path: '/graphql', method: 'POST', headers, body },
      {
        // By which undici tells its new handlers from the old ones.
        onRequestStart: () => undefined,
        onResponseData: (_controller, chunk) => void chunks.push(chunk),
        onResponseEnd: () => resolve(Buffer.concat(chunks).toString()),
        onResponseError: (_controller, error) => reject(error),
      },
    );
  });
}
