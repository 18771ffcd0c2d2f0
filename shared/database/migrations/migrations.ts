import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SqlDriverAdapter } from '@prisma/driver-adapter-utils';
import type { MigrationList } from '@prisma/schema-engine-wasm/schema_engine_bg';
import { createSchemaEngine, type SchemaEngine } from './schema-engine.js';

const openSchemaEngine = (connection: SqlDriverAdapter): Promise<SchemaEngine> => createSchemaEngine({ connection });

/** Nothing in the database is managed by anything but these migrations. */
export const noFilters = { externalTables: [], externalEnums: [] };

/**
 * The migrations of subgraph `name` below `folder`, oldest first. Throws when the folder does not exist, or when a migration's name does
 * not carry the subgraph's: all subgraphs may share one database, and with it one `_prisma_migrations` table, whose key is that name.
 */
export async function readMigrations({ name, folder }: { name: string; folder: string }): Promise<MigrationList> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
  const pattern = new RegExp(`^\\d{14}_${name}_[a-z0-9_]+$`);
  const misnamed = names.find((migration) => !pattern.test(migration));
  if (misnamed !== undefined) {
    throw new Error(`${join(folder, misnamed)} must be named <timestamp>_${name}_<what>: all subgraphs can share one table of migrations.`);
  }
  return migrationList(
    folder,
    await Promise.all(
      names.map(async (migration) => ({ name: migration, sql: await readFile(join(folder, migration, 'migration.sql'), 'utf8') })),
    ),
  );
}

export function migrationList(folder: string, migrations: readonly { name: string; sql: string }[]): MigrationList {
  return {
    baseDir: folder,
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
    shadowDbInitScript: '',
    migrationDirectories: migrations.map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: sql } },
    })),
  };
}

/**
 * Applies the migrations that the database has not recorded yet and says how many. `connection` is one connection inside a transaction
 * that the caller commits: a crash or a faulty migration then leaves the database as it was, instead of a migration recorded as failed,
 * which Prisma refuses to go past. (So no migration may hold what Postgres refuses in a transaction, such as CREATE INDEX CONCURRENTLY.)
 */
export async function applyMigrations(
  connection: SqlDriverAdapter,
  migrations: MigrationList,
  openEngine: (connection: SqlDriverAdapter) => Promise<Pick<SchemaEngine, 'applyMigrations' | 'free'>> = openSchemaEngine,
): Promise<number> {
  await connection.executeScript(migrationsTable);
  if (await areApplied(connection, migrations)) return 0;
  const engine = await openEngine(connection);
  try {
    const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList: migrations, filters: noFilters });
    return appliedMigrationNames.length;
  } finally {
    engine.free();
  }
}

/** Asked first, because every start of every process asks, and the engine is 5 MB to compile. It finds fault with what has failed. */
async function areApplied(connection: SqlDriverAdapter, { migrationDirectories }: MigrationList): Promise<boolean> {
  const { rows } = await connection.queryRaw({ sql: recorded, args: [], argTypes: [] });
  const names = new Map(rows.map(([name, state]) => [name, state]));
  return ![...names.values()].includes('failed') && migrationDirectories.every(({ path }) => names.get(path) === 'applied');
}

const recorded = `SELECT migration_name, CASE WHEN finished_at IS NULL THEN 'failed' ELSE 'applied' END
  FROM _prisma_migrations WHERE rolled_back_at IS NULL`;

// As Prisma makes it. Made before the engine looks for it, because a failed look-up would abort the transaction.
const migrationsTable = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum VARCHAR(64) NOT NULL,
  finished_at TIMESTAMPTZ,
  migration_name VARCHAR(255) NOT NULL,
  logs TEXT,
  rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`;
