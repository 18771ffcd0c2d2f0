import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inWorkFolder, removeAbandonedFolders } from './work-folder.js';

let parent: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'galaxia-folders-'));
});
afterAll(() => rm(parent, { recursive: true }));

describe('Work folders', () => {
  it('that a crash has left go after an hour, and nothing else does', async () => {
    const now = Date.now();
    const age = async (name: string, ms: number) => {
      await mkdir(join(parent, name));
      await writeFile(join(parent, name, 'upload'), 'bytes');
      await utimes(join(parent, name), new Date(now - ms), new Date(now - ms));
    };
    await age('galaxia-picture-old', 60 * 60_000 + 1000);
    await age('galaxia-picture-young', 60 * 60_000 - 1000);
    await age('somebody-elses', 10 * 60 * 60_000);
    await inWorkFolder(parent, async (folder) => {
      await Promise.all([removeAbandonedFolders(parent, now), removeAbandonedFolders(parent, now)]);
      expect(new Set(await readdir(parent))).toEqual(new Set(['galaxia-picture-young', 'somebody-elses', folder.slice(parent.length + 1)]));
    });
    expect(new Set(await readdir(parent))).toEqual(new Set(['galaxia-picture-young', 'somebody-elses']));
  });
});
