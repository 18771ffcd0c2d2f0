import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { startPostgres } from '../../tests/testkit/services/postgres.js';
import { orSkip } from '../../tests/testkit/services/services.js';
import { describeDatabase } from './database.conformance.js';
import { openPostgres } from './postgres.js';
import { until } from '../../tests/testkit/until.js';

const server = orSkip('PostgreSQL', await startPostgres());

describe('Without a server', () => {
  it('opening fails, and says why', async () => {
    await expect(openPostgres('postgresql://nobody@127.0.0.1:1/nothing')).rejects.toThrow(/ECONNREFUSED/);
  });
});

if (server !== null) {
  afterAll(() => server.stop());

  describeDatabase('Postgres', async () => openPostgres(await server.createDatabase()));
  describeDatabase('Postgres in Tokyo', async () => {
    const url = await server.createDatabase();
    await onServer(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET timezone TO 'Asia/Tokyo'`);
    return openPostgres(url);
  });

  describe('A Postgres server', () => {
    it('refuses a database that does not exist', async () => {
      const url = new URL(server.url);
      url.pathname = '/nothing';
      await expect(openPostgres(url.href)).rejects.toThrow(/"nothing" does not exist/);
    });

    it('is migrated once by five replicas of four subgraphs that all start at once on an empty database', async () => {
      const url = await server.createDatabase();
      const folder = await mkdtemp(join(tmpdir(), 'galaxia-replicas-'));
      const subgraphs = await Promise.all(['mercury', 'venus', 'earth', 'mars'].map((name) => writeMigration(folder, name)));
      const replicas = subgraphs.flatMap((subgraph) => Array.from({ length: 5 }, () => subgraph));
      const applied = await Promise.all(
        replicas.map(async (subgraph) => {
          const database = await openPostgres(url);
          try {
            return await database.migrate(subgraph);
          } finally {
            await database.close();
          }
        }),
      );
      await rm(folder, { recursive: true, force: true });
      expect(applied.filter((count) => count > 0)).toEqual([1, 1, 1, 1]);
      const recorded = await onServer(url, 'SELECT count(*)::int FROM _prisma_migrations WHERE finished_at IS NOT NULL');
      expect(recorded).toEqual([{ count: 4 }]);
    });

    it('is used again after it has cut every connection', async () => {
      const url = await server.createDatabase();
      const database = await openPostgres(url);
      const adapter = await database.adapter.connect();
      const select = { sql: 'SELECT 1', args: [], argTypes: [] };
      await Promise.all(Array.from({ length: 5 }, () => adapter.queryRaw(select)));
      await onServer(
        url,
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
      );
      await until(async () => (await onServer(url, connections)).length === 0);
      expect((await adapter.queryRaw(select)).rows).toEqual([[1]]);
      await database.close();
    });

    it('ends a statement that takes too long', async () => {
      const url = await server.createDatabase();
      const database = await openPostgres(url);
      const adapter = await database.adapter.connect();
      const settings = `SELECT current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout')`;
      expect((await adapter.queryRaw({ sql: settings, args: [], argTypes: [] })).rows).toEqual([['15s', '15s']]);
      await database.close();
    });
  });
}

const connections = 'SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()';

async function writeMigration(folder: string, name: string): Promise<{ name: string; folder: string }> {
  const migration = join(folder, name, `20260101000000_${name}_first`);
  await mkdir(migration, { recursive: true });
  await writeFile(
    join(migration, 'migration.sql'),
    `CREATE SCHEMA IF NOT EXISTS shared; CREATE SCHEMA ${name}; CREATE TABLE ${name}.item (id int)`,
  );
  return { name, folder: join(folder, name) };
}

async function onServer(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
