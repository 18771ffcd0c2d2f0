import { afterAll } from '@jest/globals';
import type { Database } from '../../../shared/database/database.js';
import { openPostgres } from '../../../shared/database/postgres.js';
import { alreadyMigrated, openMigratedEmbedded } from './migrated-embedded.js';
import { postgresOfRun } from './postgres-of-run.js';
import { orSkip } from './services.js';

/** A new, empty database with the tables of every subgraph. */
export interface OpenedDatabase {
  readonly database: Database;
  /** Another handle on the same one, as another process would have. */
  again(): Promise<Database>;
  /** Closes every handle. */
  close(): Promise<void>;
}

export interface TestDatabase {
  readonly name: string;
  readonly open: () => Promise<OpenedDatabase>;
}

/** PGlite always, and a real Postgres when this machine has one. To be called at the top of a test file, whose end takes them away. */
export async function testDatabases(): Promise<readonly TestDatabase[]> {
  const postgres = orSkip('PostgreSQL', await postgresOfRun());
  const embedded: TestDatabase = {
    name: 'PGlite',
    async open() {
      const database = await openMigratedEmbedded();
      // One process has it for itself: everybody shares the one handle.
      return { database, again: () => Promise.resolve(database), close: () => database.close() };
    },
  };
  if (postgres === null) return [embedded];
  afterAll(() => postgres.dropDatabases());
  return [
    embedded,
    {
      name: 'PostgreSQL',
      async open() {
        const url = await postgres.createDatabase('migrated');
        const handles: Database[] = [];
        const close = async () => {
          for (const handle of handles) await handle.close();
        };
        const again = async () => {
          const handle = alreadyMigrated(await openPostgres(url));
          handles.push(handle);
          return handle;
        };
        return { database: await again(), again, close };
      },
    },
  ];
}
