import { runAdminCommand } from './admin-command.js';
import { openAuthData } from './auth-data.js';
import { runCommand } from './run-command.js';

/** `npm run admin`. */
await runCommand(() => runAdminCommand(process.argv.slice(2), () => openAuthData(process.env)));
