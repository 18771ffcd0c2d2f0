import { ConfigurationError } from '../../../shared/config/environment.js';
import { DataDirInUseError } from '../../../shared/database/data-dir-lock.js';
import { ConcurrentImportError, createImportRepository } from '../data/import-repository.js';
import { createAuthPrisma } from '../data/prisma.js';
import { deriveKey } from '../services/keys/derive-key.js';
import { UnreadableFileError } from '../services/import/source-rows.js';
import { createUserImport } from '../services/import/user-import.js';
import { createUsernameHolds } from '../services/usernames/username-holds.js';
import { openAuthData } from './auth-data.js';
import { importHelp, importUsers, readImportRequest, UsageError, type ImportRequest } from './import-command.js';

/** `npm run import-users`: into the Postgres of `AUTH_DATABASE_URL`, or the database in `DATA_DIR` while nothing else uses it. */
const stop = new AbortController();

async function run(request: ImportRequest): Promise<string> {
  const data = await openAuthData(process.env);
  const prisma = createAuthPrisma(data.database);
  try {
    const holds = createUsernameHolds(deriveKey(data.encryptionKey, 'username holds'));
    const users = createUserImport({ repository: createImportRepository(prisma), holds });
    return await importUsers(request, { users, output: process.stdout, signal: stop.signal });
  } finally {
    await prisma.$disconnect();
    await data.close();
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
try {
  // npm changes into the project's folder; what the person typed is relative to where they are.
  const request = readImportRequest(process.argv.slice(2), process.env.INIT_CWD ?? process.cwd());
  process.stdout.write(`${request === null ? importHelp : await run(request)}\n`);
  if (stop.signal.aborted) process.exitCode = 130;
} catch (error) {
  const kinds = [UsageError, UnreadableFileError, ConcurrentImportError, ConfigurationError, DataDirInUseError];
  const isForPeople = kinds.some((kind) => error instanceof kind);
  process.stderr.write(`${error instanceof Error ? (isForPeople ? error.message : (error.stack ?? error.message)) : String(error)}\n`);
  process.exitCode = 1;
}
