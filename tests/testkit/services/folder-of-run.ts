import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../../shared/config/project-root.js';

/** The process that ends when the run of Jest does: it tests in processes of its own, or in this one. */
export const processOfRun = process.send === undefined ? process.pid : process.ppid;

/** A folder for what the suites of one run tell each other. Those of former runs go when the first suite asks for it. */
export async function folderOfRun(): Promise<string> {
  const folders = join(projectRoot, 'node_modules', '.cache', 'test-runs');
  const own = join(folders, String(processOfRun));
  if (existsSync(own)) return own;
  await mkdir(own, { recursive: true });
  for (const run of await readdir(folders)) if (!isRunning(Number(run))) await rm(join(folders, run), { recursive: true, force: true });
  return own;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It runs as somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
