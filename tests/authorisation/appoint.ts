import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../shared/config/project-root.js';
import type { Galaxia } from '../testkit/product/galaxia.js';

/** Makes somebody the first administrator, as an operator does: beside servers on Postgres, else with the server stopped. */
export async function appointAdmin(galaxia: Galaxia, username: string): Promise<void> {
  const isEmbedded = galaxia.way === 'all-in-one';
  if (isEmbedded) await galaxia.process('all-in-one').stop();
  await promisify(execFile)(process.execPath, [join(projectRoot, 'dist/subgraphs/auth/commands/admin.js'), 'grant', username], {
    env: { PATH: process.env.PATH ?? '', ...galaxia.environment },
    cwd: projectRoot,
  });
  if (isEmbedded) await galaxia.restart('all-in-one');
}
