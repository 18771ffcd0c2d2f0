import { ConfigurationError } from '../../../shared/config/environment.js';
import { DataDirInUseError } from '../../../shared/database/data-dir-lock.js';
import { openAuthData } from './auth-data.js';
import { runKeyCommand } from './key-rotation-command.js';

/** `npm run rotate-keys`. */
try {
  const { status, output } = await runKeyCommand(process.argv.slice(2), () => openAuthData(process.env));
  (status === 0 ? process.stdout : process.stderr).write(`${output}\n`);
  process.exitCode = status;
} catch (error) {
  const isForPeople = error instanceof ConfigurationError || error instanceof DataDirInUseError;
  process.stderr.write(`${isForPeople ? error.message : String(error instanceof Error ? (error.stack ?? error.message) : error)}\n`);
  process.exitCode = 1;
}
