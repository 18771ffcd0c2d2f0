import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

/**
 * Lays out an empty database in `folder`, unless it is there. It is made beside its place and moved there when it is complete, so that a
 * kill while it is made leaves nothing that would never open again.
 *
 * Made by a process of its own: laying it out takes 500 MB of memory that a process does not give back to the system afterwards.
 */
export async function createEmbeddedFiles(folder: string): Promise<void> {
  if (existsSync(folder)) return;
  const parent = dirname(folder);
  const prefix = `${basename(folder)}.new-`;
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const abandoned = (await readdir(parent)).filter((name) => name.startsWith(prefix));
  await Promise.all(abandoned.map((name) => removeIfPossible(join(parent, name))));
  const draft = join(parent, `${prefix}${randomUUID()}`);
  await mkdir(draft, { mode: 0o700 });
  const pglite = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  await promisify(execFile)(process.execPath, ['-e', script, pglite, draft]);
  await rename(draft, folder);
}

// Its standard input ends with the process that started it.
const script = `
process.stdin.on('end', () => process.exit(1)).resume();
const [, pglite, folder] = process.argv;
require(pglite).PGlite.create(folder).then((client) => client.close()).then(
  () => process.exit(0),
  (error) => { console.error(error); process.exit(1); },
);`;

/** What a killed start left may still be written to for a moment; then it goes at the next start. */
async function removeIfPossible(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => undefined);
}
