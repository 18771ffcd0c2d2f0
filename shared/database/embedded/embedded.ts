import { PGlite } from '@electric-sql/pglite';
import type { Database } from '../database.js';
import { createEmbeddedAdapter } from './embedded-adapter.js';
import { createEmbeddedFiles } from './embedded-files.js';
import { applyMigrations, readMigrations } from '../migrations/migrations.js';

/** Its own default of 128 MB would be touched at the start and make up half of the whole product's idle memory. */
const sharedBuffers = '16MB';

/**
 * Postgres in this process (PGlite), its files in `folder`, or in memory when that is `memory://`. About 200 MB of memory, so that all
 * subgraphs share one. What was committed survives the end of the process at any moment, not a power failure: PGlite runs without fsync,
 * which its file system does not have. The caller holds the lock of the data folder (data-dir-lock.ts): two processes on one folder would destroy it.
 * One in memory begins as `image`, the archive of another's files, where that is given: laying out an empty one takes seconds.
 */
export async function openEmbedded(folder: string, image?: Blob): Promise<Database> {
  if (folder !== 'memory://') await createEmbeddedFiles(folder);
  const client = await open(folder, image);
  const adapter = createEmbeddedAdapter(client);
  return {
    adapter,
    isExclusive: true,

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

async function open(dataDir: string, image: Blob | undefined): Promise<PGlite> {
  const files = image === undefined ? {} : { loadDataDir: image };
  const client = new PGlite({ dataDir, postgresqlconf: [`shared_buffers = ${sharedBuffers}`], ...files });
  await client.waitReady;
  // Prisma's adapters write and read times without their zone, in UTC.
  await client.exec(`SET TIME ZONE 'UTC'`);
  return client;
}
