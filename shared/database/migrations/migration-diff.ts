import { existsSync } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import type { SqlDriverAdapter } from '@prisma/driver-adapter-utils';
import { createEmbeddedAdapter } from '../embedded/embedded-adapter.js';
import { migrationList, noFilters, readMigrations } from './migrations.js';
import { createSchemaEngine } from './schema-engine.js';

export interface MigrationDiff {
  /**
   * The SQL that leads from the migrations of subgraph `name` to its `schema` (the text of a schema.prisma), or null when they agree.
   * Throws when the schema is not valid, or when a migration cannot be applied after those before it.
   */
  of(subgraph: { name: string; folder: string; schema: string }): Promise<string | null>;
  close(): Promise<void>;
}

/** Compares schemas in a Postgres in memory, where the migrations are applied. One subgraph at a time. */
export async function openMigrationDiff(): Promise<MigrationDiff> {
  const client = await PGlite.create();
  const scratch = await createEmbeddedAdapter(client).connect();

  async function empty(): Promise<SqlDriverAdapter> {
    await scratch.executeScript(dropEverything);
    return scratch;
  }

  return {
    async of({ name, folder, schema }) {
      const migrations = existsSync(folder) ? await readMigrations({ name, folder }) : migrationList(folder, []);
      const engine = await createSchemaEngine({ connection: scratch, openShadow: empty, datamodels: [['schema.prisma', schema]] });
      try {
        const { exitCode, stdout } = await engine.diff({
          from: migrations.migrationDirectories.length === 0 ? { tag: 'empty' } : { tag: 'migrations', ...migrations },
          to: { tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content: schema }] },
          script: true,
          exitCode: true,
          filters: noFilters,
        });
        return exitCode === 0 ? null : (stdout ?? '');
      } finally {
        engine.free();
      }
    },

    close: () => client.close(),
  };
}

const dropEverything = `
DO $$
DECLARE found name;
BEGIN
  FOR found IN SELECT nspname FROM pg_namespace WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%' LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', found);
  END LOOP;
  CREATE SCHEMA public;
END $$`;
