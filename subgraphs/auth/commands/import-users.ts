import { ConcurrentImportError, createImportRepository } from '../data/import-repository.js';
import { deriveKey } from '../services/keys/derive-key.js';
import { UnreadableFileError } from '../services/import/source-rows.js';
import { createUserImport } from '../services/import/user-import.js';
import { createUsernameHolds } from '../services/usernames/username-holds.js';
import { openAuthData, withAuthData } from './auth-data.js';
import { importHelp, importUsers, readImportRequest, UsageError, type ImportRequest } from './import-command.js';
import { runCommand } from './run-command.js';

/** `npm run import-users`: into the Postgres of `AUTH_DATABASE_URL`, or the database in `DATA_DIR` while nothing else uses it. */
const stop = new AbortController();

function run(request: ImportRequest): Promise<string> {
  return withAuthData(
    () => openAuthData(process.env),
    (prisma, { encryptionKey }) => {
      const holds = createUsernameHolds(deriveKey(encryptionKey, 'username holds'));
      const users = createUserImport({ repository: createImportRepository(prisma), holds });
      return importUsers(request, { users, output: process.stdout, signal: stop.signal });
    },
  );
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
await runCommand(async () => {
  // npm changes into the project's folder; what the person typed is relative to where they are.
  const request = readImportRequest(process.argv.slice(2), process.env.INIT_CWD ?? process.cwd());
  const output = request === null ? importHelp : await run(request);
  return { status: stop.signal.aborted ? 130 : 0, output };
}, [UsageError, UnreadableFileError, ConcurrentImportError]);
