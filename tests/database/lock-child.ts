/** Tries to lock the data folder of its first argument whenever a line comes in, and says how that went. Holds the lock until it is killed. */
import { createInterface } from 'node:readline';
import { DataDirInUseError, lockDataDir } from '../../shared/database/embedded/data-dir-lock.js';

const [folder = ''] = process.argv.slice(2);
createInterface(process.stdin).on('line', () => void attempt());
process.stdout.write('ready\n');

async function attempt(): Promise<void> {
  const outcome = await lockDataDir(folder).then(
    () => 'held',
    (error: unknown) => (error instanceof DataDirInUseError ? `refused ${String(error.pid)}` : `failed ${String(error)}`),
  );
  process.stdout.write(`${outcome}\n`);
}
