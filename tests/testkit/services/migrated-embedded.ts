import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { projectRoot } from '../../../shared/config/project-root.js';
import type { Database } from '../../../shared/database/database.js';
import { createEmbeddedAdapter } from '../../../shared/database/embedded/embedded-adapter.js';
import { openEmbedded } from '../../../shared/database/embedded/embedded.js';
import { applyMigrations, readMigrations } from '../../../shared/database/migrations/migrations.js';
import { lockBuild } from '../../../tools/build-lock.mjs';

const cache = join(projectRoot, 'node_modules', '.cache', 'test-databases');
export const migrationsOfSubgraphs = ['auth', 'users', 'sessions', 'images'].map((name) => ({
  name,
  folder: join(projectRoot, 'subgraphs', name, 'prisma', 'migrations'),
}));

/**
 * PGlite in memory, empty and with the tables of every subgraph: a copy of one that is made once for all tests, until a migration changes.
 * To lay out a database and to migrate it takes seconds of the processor, the copy a third of one.
 */
export async function openMigratedEmbedded(): Promise<Database> {
  const image = new Blob([await readFile(await migratedImage())]);
  return alreadyMigrated(await openEmbedded('memory://', image));
}

/** Its tables are there, so that the engine for migrations need not be compiled to find nothing to do. */
export function alreadyMigrated(database: Database): Database {
  return { ...database, migrate: () => Promise.resolve(0) };
}

/** The archive (tar) of the files of an empty, migrated database. */
export async function migratedImage(): Promise<string> {
  const file = join(cache, `${await fingerprint()}.tar`);
  if (existsSync(file)) return file;
  const unlock = await lockBuild(join(cache, 'lock'), () => undefined);
  try {
    if (!existsSync(file)) await makeImage(file);
  } finally {
    unlock();
  }
  return file;
}

async function makeImage(file: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  // Of 1 MB: the files of its log are two thirds of an empty database otherwise.
  const client = new PGlite({ dataDir: 'memory://', initDbStartParams: ['--wal-segsize=1'] });
  await client.waitReady;
  const connection = await createEmbeddedAdapter(client).connect();
  for (const migrations of migrationsOfSubgraphs) {
    const transaction = await connection.startTransaction();
    await applyMigrations({ ...connection, ...transaction }, await readMigrations(migrations));
    await transaction.commit();
  }
  // What its log holds would be done again by every copy.
  await client.exec('CHECKPOINT');
  const image = await client.dumpDataDir('none');
  await client.close();
  for (const former of await readdir(cache)) if (former.endsWith('.tar')) await rm(join(cache, former));
  await writeFile(`${file}.new`, new Uint8Array(await image.arrayBuffer()));
  await rename(`${file}.new`, file);
}

/** Of all that the image is made from. */
async function fingerprint(): Promise<string> {
  const hash = createHash('sha256').update(await readFile(join(projectRoot, 'node_modules/@electric-sql/pglite/package.json')));
  for (const migrations of migrationsOfSubgraphs) hash.update(JSON.stringify((await readMigrations(migrations)).migrationDirectories));
  return hash.digest('hex').slice(0, 16);
}
