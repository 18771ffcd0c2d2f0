import { ConfigurationError } from '../../../shared/config/environment.js';
import { DataDirInUseError } from '../../../shared/database/embedded/data-dir-lock.js';

/** What the person at the terminal is told, and with which status the process ends. */
export interface CommandResult {
  /** 0 done, 1 refused, 2 wrong usage, 130 interrupted. */
  readonly status: 0 | 1 | 2 | 130;
  readonly output: string;
}

/**
 * All that an entry does: runs the command, prints what it answers, or the error that ended it, and sets the status of the process. Of
 * errors that the person at the terminal can put right, `forPeople` among them, only the message is printed.
 */
export async function runCommand(
  command: () => Promise<CommandResult>,
  forPeople: readonly (new (...given: never[]) => Error)[] = [],
): Promise<void> {
  try {
    const { status, output } = await command();
    (status === 1 || status === 2 ? process.stderr : process.stdout).write(`${output}\n`);
    process.exitCode = status;
  } catch (error) {
    const isForPeople = [ConfigurationError, DataDirInUseError, ...forPeople].some((kind) => error instanceof kind);
    const text = error instanceof Error ? (isForPeople ? error.message : (error.stack ?? error.message)) : String(error);
    process.stderr.write(`${text}\n`);
    process.exitCode = 1;
  }
}
