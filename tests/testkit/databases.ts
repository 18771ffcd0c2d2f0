import type { Database } from '../../shared/database/database.js';
import { openPostgres } from '../../shared/database/postgres.js';
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
  stop(): Promise<void>;
}

/** PGlite always, and a real Postgres when this machine has one. Stop each after use. */
export async function testDatabases(): Promise<readonly TestDatabase[]> {
  const postgres = orSkip('PostgreSQL', await postgresOfRun());
  const embedded: TestDatabase = {
    name: 'PGlite',
    async open() {
      const database = await openMigratedEmbedded();
      // One process has it for itself: everybody shares the one handle.
      return { database, again: () => Promise.resolve(database), close: () => database.close() };
    },
    stop: () => Promise.resolve(),
  };
  if (postgres === null) return [embedded];
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
      stop: () => postgres.dropDatabases(),
    },
  ];
}
