import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { ConfigurationError } from '../config/environment.js';
import type { Database } from './database.js';
import { applyMigrations, readMigrations } from './migrations/migrations.js';
import { createStatementNames } from './statement-names.js';

/** How long one statement may take before Postgres ends it: longer than any of ours needs, shorter than a client waits. */
const statementTimeout = 15_000;
/** How long a start waits for other processes that migrate the same database. */
const migrationLockTimeout = 120_000;
/** Any number, the same in every Galaxia process: the advisory lock under which one process at a time migrates a database. */
const migrationLock = 4_711_820_264;

/** A Postgres server. Rejects with a `ConfigurationError` when it cannot be reached at `url` or refuses the login. */
export async function openPostgres(url: string): Promise<Database> {
  const pool = createPool(url, { max: 10, statement_timeout: statementTimeout, idle_in_transaction_session_timeout: statementTimeout });
  const ping = async () => {
    await pool.query('SELECT 1');
  };
  try {
    await ping();
  } catch (error) {
    await pool.end();
    throw new ConfigurationError([`Postgres at ${place(url)} cannot be used: ${reason(error)}`]);
  }
  return {
    adapter: new PrismaPg(pool, { statementNameGenerator: createStatementNames() }),
    isExclusive: false,
    migrate: (migrations) => migrate(url, migrations),
    ping,
    close: () => pool.end(),
  };
}

async function migrate(url: string, migrations: { name: string; folder: string }): Promise<number> {
  const list = await readMigrations(migrations);
  const pool = createPool(url, { max: 1 });
  try {
    const connection = await new PrismaPg(pool).connect();
    const transaction = await connection.startTransaction();
    const execute = async (sql: string) => {
      await transaction.executeRaw({ sql, args: [], argTypes: [] });
    };
    try {
      // Ends with the transaction, also when this process is killed. Without it, two processes that start on an empty database would
      // both create its schemas and tables: `IF NOT EXISTS` fails on a concurrent creation.
      await execute(`SET LOCAL lock_timeout = ${migrationLockTimeout}`);
      await execute(`SELECT pg_advisory_xact_lock(${migrationLock})`);
      await execute('SET LOCAL lock_timeout = 0');
      const applied = await applyMigrations(
        {
          provider: connection.provider,
          adapterName: connection.adapterName,
          queryRaw: (query) => transaction.queryRaw(query),
          executeRaw: (query) => transaction.executeRaw(query),
          executeScript: execute,
          startTransaction: () => Promise.reject(new Error('The migrations run in one transaction already')),
          getConnectionInfo: () => connection.getConnectionInfo(),
          dispose: () => Promise.resolve(),
        },
        list,
      );
      await execute('COMMIT');
      await transaction.commit();
      return applied;
    } catch (error) {
      await execute('ROLLBACK').catch(ignore);
      await transaction.rollback();
      throw error;
    }
  } finally {
    await pool.end();
  }
}

function createPool(url: string, options: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'galaxia',
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    ...options,
    onConnect: useUtc,
  });
  // An idle connection that breaks (a restart of the server) is replaced at the next query; unheard, the event would end the process.
  pool.on('error', ignore);
  return pool;
}

function ignore(): void {
  // Said again by the next statement, to someone who waits for it.
}

/** Prisma's adapters write and read times without their zone, in UTC. The pool waits for the answer, which its types do not say. */
function useUtc(client: pg.ClientBase): unknown {
  return client.query(`SET TIME ZONE 'UTC'`);
}

/** Host and database of a connection string, without the credentials. */
function place(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}

function reason(error: unknown): string {
  // Node tries every address of a name, and tells of each.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error ? first.message : String(first);
}
