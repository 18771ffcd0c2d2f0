import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openPostgres } from '../../../shared/database/postgres.js';
import { lockBuild } from '../../../tools/build-lock.mjs';
import { folderOfRun, processOfRun } from './folder-of-run.js';
import { migrationsOfSubgraphs } from './migrated-embedded.js';
import { layOut, postgresUrl, query, startServer } from './postgres.js';

export interface PostgresOfRun {
  /** A new, empty database, with the tables of every subgraph if it is to be `migrated`; answers its URL. */
  createDatabase(state: 'migrated' | 'without tables'): Promise<string>;
  /** Takes all databases away that were made through this value. */
  dropDatabases(): Promise<void>;
}

const template = 'migrated';

/**
 * One PostgreSQL server for all suites of a run of Jest, for those that only need databases of their own: starting one takes as long as
 * many of them. It ends with the run, however that ends, and leaves nothing. Null when none is installed.
 */
export async function postgresOfRun(): Promise<PostgresOfRun | null> {
  const server = await findOrStart();
  if (server === null) return null;
  const { port } = server;
  const made: string[] = [];
  return {
    async createDatabase(state) {
      const name = `test_${randomUUID().replaceAll('-', '')}`;
      await query(postgresUrl(port, 'postgres'), `CREATE DATABASE ${name}${state === 'migrated' ? ` TEMPLATE ${template}` : ''}`);
      made.push(name);
      return postgresUrl(port, name);
    },
    async dropDatabases() {
      for (const name of made.splice(0)) await query(postgresUrl(port, 'postgres'), `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

interface RunningServer {
  readonly port: number;
  /** There as long as the server is. */
  readonly folder: string;
}

async function findOrStart(): Promise<RunningServer | null> {
  const note = join(await folderOfRun(), 'postgres.json');
  const known = await read(note);
  if (known !== null) return known;
  const unlock = await lockBuild(`${note}.lock`, () => undefined);
  try {
    return (await read(note)) ?? (await start(note));
  } finally {
    unlock();
  }
}

async function read(note: string): Promise<RunningServer | null> {
  if (!existsSync(note)) return null;
  const server = JSON.parse(await readFile(note, 'utf8')) as RunningServer;
  return existsSync(server.folder) ? server : null;
}

/** Arguments: the process to outlive no longer than a second, the server's folder, and how to start the server. */
const untilRunEnds = `
run=$1; folder=$2; shift 2
"$@" & server=$!
while kill -0 $server && { kill -0 $run || [ -d /proc/$run ]; }; do sleep 1; done 2>/dev/null
kill -QUIT $server; wait $server; rm -rf "$folder"`;

async function start(note: string): Promise<RunningServer | null> {
  const files = await layOut();
  if (files === null) return null;
  const { port } = await startServer(files, ['sh', '-c', untilRunEnds, 'sh', String(processOfRun), files.parent]);
  await query(postgresUrl(port, 'postgres'), `CREATE DATABASE ${template}`);
  const database = await openPostgres(postgresUrl(port, template));
  for (const migrations of migrationsOfSubgraphs) await database.migrate(migrations);
  await database.close();
  const server: RunningServer = { port, folder: files.parent };
  await writeFile(note, JSON.stringify(server));
  return server;
}
