import { ConfigurationError } from '../../../shared/config/environment.js';
import { DataDirInUseError } from '../../../shared/database/data-dir-lock.js';
import { openAuthData } from './auth-data.js';
import { rotateKeys } from './key-rotation-command.js';

/** `npm run rotate-keys`: on the Postgres of `AUTH_DATABASE_URL`, or on the database in `DATA_DIR` while nothing else uses it. */
try {
  const data = await openAuthData(process.env);
  try {
    process.stdout.write(`${await rotateKeys(data)}\n`);
  } finally {
    await data.close();
  }
} catch (error) {
  const isForPeople = error instanceof ConfigurationError || error instanceof DataDirInUseError;
  process.stderr.write(`${isForPeople ? error.message : String(error instanceof Error ? (error.stack ?? error.message) : error)}\n`);
  process.exitCode = 1;
}
