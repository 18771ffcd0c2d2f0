import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const prefix = 'galaxia-picture-';

/** Works last minutes, so a folder that nothing has come to for so long is what a crash has left. In ms. */
const abandonedAfterMs = 60 * 60_000;

/** Runs `task` with a new folder below `parent`, which is removed afterwards with all in it. */
export async function inWorkFolder<Result>(parent: string, task: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(parent, prefix));
  try {
    return await task(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Removes the work folders below `parent` that a crash has left. Other processes may do the same at the same time. */
export async function removeAbandonedFolders(parent: string, now: number): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix)) continue;
    const folder = join(parent, name);
    const state = await stat(folder).catch(() => null);
    if (state !== null && state.mtimeMs < now - abandonedAfterMs) await rm(folder, { recursive: true, force: true });
  }
}
