import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import type { Database } from './database.js';
import { createEmbeddedAdapter } from './embedded-adapter.js';
import { applyMigrations, readMigrations } from './migrations.js';

/** Its own default of 128 MB would be touched at the start and make up half of the whole product's idle memory. */
const sharedBuffers = '16MB';

/**
 * Postgres in this process (PGlite), its files in `folder`, or in memory when that is `memory://`. About 200 MB of memory, so that all
 * subgraphs share one. What was committed survives the end of the process at any moment, not a power failure: PGlite runs without fsync,
 * which its file system does not have. The caller holds the lock of the data folder (data-dir-lock.ts): two processes on one folder would destroy it.
 */
export async function openEmbedded(folder: string): Promise<Database> {
  const client = folder === 'memory://' ? await open(folder) : await openFolder(folder);
  const adapter = createEmbeddedAdapter(client);
  return {
    adapter,

    async migrate(migrations) {
      const list = await readMigrations(migrations);
      const connection = await adapter.connect();
      const transaction = await connection.startTransaction();
      try {
        const applied = await applyMigrations({ ...connection, ...transaction }, list);
        await transaction.commit();
        return applied;
      } catch (error) {
        await transaction.rollback();
        throw error;
      }
    },

    async ping() {
      await client.query('SELECT 1');
    },

    close: () => client.close(),
  };
}

async function openFolder(folder: string): Promise<PGlite> {
  // A process killed while Postgres lays out its files leaves a folder that never opens again. Only a folder that was being made is
  // thrown away: it has never held data.
  const unfinished = `${folder}.creating`;
  if (existsSync(unfinished)) await rm(folder, { recursive: true, force: true });
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  const isNew = !existsSync(folder);
  if (isNew) await writeFile(unfinished, '');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const client = await open(folder);
  if (isNew) await rm(unfinished);
  return client;
}

async function open(dataDir: string): Promise<PGlite> {
  const client = new PGlite({ dataDir, postgresqlconf: [`shared_buffers = ${sharedBuffers}`] });
  await client.waitReady;
  // Prisma's adapters write and read times without their zone, in UTC.
  await client.exec(`SET TIME ZONE 'UTC'`);
  return client;
}
