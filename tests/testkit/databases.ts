import { openEmbedded } from '../../shared/database/embedded.js';
import { openPostgres } from '../../shared/database/postgres.js';
import type { Database } from '../../shared/database/database.js';
import { orSkip } from './services.js';
import { startPostgres } from './postgres.js';

/** A new, empty database. */
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
  const postgres = orSkip('PostgreSQL', await startPostgres());
  const embedded: TestDatabase = {
    name: 'PGlite',
    async open() {
      const database = await openEmbedded('memory://');
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
        const url = await postgres.createDatabase();
        const handles: Database[] = [];
        const close = async () => {
          for (const handle of handles) await handle.close();
        };
        const again = async () => {
          const handle = await openPostgres(url);
          handles.push(handle);
          return handle;
        };
        return { database: await again(), again, close };
      },
      stop: () => postgres.stop(),
    },
  ];
}
