import { openAuthData } from './auth-data.js';
import { runKeyCommand } from './key-rotation-command.js';
import { runCommand } from './run-command.js';

/** `npm run rotate-keys`. */
await runCommand(() => runKeyCommand(process.argv.slice(2), () => openAuthData(process.env)));
