import { join, resolve } from 'node:path';
import { z } from 'zod';
import { readEnvironment } from '../../../shared/config/environment.js';
import { projectRoot } from '../../../shared/config/project-root.js';
import { deriveKey, loadSecrets } from '../../../shared/config/secrets.js';
import { databaseUrl } from '../../../shared/config/subgraph-environment.js';
import { lockDataDir } from '../../../shared/database/embedded/data-dir-lock.js';
import type { Database } from '../../../shared/database/database.js';
import { openEmbedded } from '../../../shared/database/embedded/embedded.js';
import { openPostgres } from '../../../shared/database/postgres.js';
import { createScope } from '../../../shared/http/lifecycle.js';
import { createAuthPrisma, type AuthPrisma } from '../data/prisma.js';

/** What a command works on: the same database and the same key as the server. */
export interface AuthData {
  /** Migrated. */
  readonly database: Database;
  /** `encryptionKey` of `createAuthSubgraph`. */
  readonly encryptionKey: Uint8Array;
  close(): Promise<void>;
}

const variables = z.object({
  AUTH_DATABASE_URL: databaseUrl.optional(),
  DATA_DIR: z.string().default('.data'),
  GATEWAY_SECRET: z.string().optional(),
});

/**
 * Opens the Postgres of `AUTH_DATABASE_URL`, beside servers that run, or the database in `DATA_DIR`, which must not be in use. The key
 * comes from `GATEWAY_SECRET`, as for a process of its own, else from `DATA_DIR`. Throws `ConfigurationError` and `DataDirInUseError`.
 */
export async function openAuthData(environment: Readonly<Record<string, string | undefined>>): Promise<AuthData> {
  const { AUTH_DATABASE_URL: url, DATA_DIR, GATEWAY_SECRET: secret } = readEnvironment(variables, environment);
  const dataDir = resolve(DATA_DIR);
  const scope = createScope();
  try {
    if (url === undefined) {
      const lock = await lockDataDir(dataDir);
      scope.defer(() => lock.release());
    }
    const database = url === undefined ? await openEmbedded(join(dataDir, 'database')) : await openPostgres(url);
    scope.defer(() => database.close());
    await database.migrate({ name: 'auth', folder: join(projectRoot, 'subgraphs/auth/prisma/migrations') });
    // With a database in its folder the server is the all-in-one, which knows no GATEWAY_SECRET.
    const isOwnProcess = url !== undefined && secret !== undefined;
    const encryptionKey = isOwnProcess ? deriveKey(secret, 'auth encryption') : (await loadSecrets(dataDir)).encryptionKey;
    return { database, encryptionKey, close: () => scope.close() };
  } catch (error) {
    await scope.close();
    throw error;
  }
}

/** Opens the data for `work` alone, and closes it however that ends. Throws what either throws. */
export async function withAuthData<Data extends Pick<AuthData, 'database' | 'close'>, Result>(
  open: () => Promise<Data>,
  work: (prisma: AuthPrisma, data: Data) => Promise<Result>,
): Promise<Result> {
  const data = await open();
  try {
    const prisma = createAuthPrisma(data.database);
    try {
      return await work(prisma, data);
    } finally {
      await prisma.$disconnect();
    }
  } finally {
    await data.close();
  }
}
