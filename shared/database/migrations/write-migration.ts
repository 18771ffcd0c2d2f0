import { projectRoot } from '../../config/project-root.js';
import { runMigrationCommand } from './migration-command.js';

const { status, output } = await runMigrationCommand({ arguments: process.argv.slice(2), root: projectRoot });
(status === 0 ? process.stdout : process.stderr).write(`${output}\n`);
process.exitCode = status;
