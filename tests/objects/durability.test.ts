import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { text } from 'node:stream/consumers';
import { openFileObjectStore } from '../../shared/objects/file-object-store.js';
import { startChild } from '../database/children.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxia-objects-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('Objects as files, of a process that is killed', () => {
  it('are all there that were acknowledged, whole, and nothing else is, however often', async () => {
    const acknowledged = new Set<string>();
    for (let round = 0; round < 3; round += 1) {
      const child = startChild('../objects/put-child.ts', [folder]);
      expect(await child.nextLine()).toBe('ready');
      const puts = 10 + Math.floor(Math.random() * 50);
      for (let put = 0; put < puts; put += 1) await child.nextLine();
      await child.kill();
      for (const line of child.lines.slice(1)) acknowledged.add(line);

      const store = await openFileObjectStore({ folder });
      const stored = await listKeys();
      expect([...acknowledged].filter((key) => !stored.includes(key))).toEqual([]);
      // At most what each of the three had under way: renamed, but not yet acknowledged.
      expect(stored.length - acknowledged.size).toBeLessThanOrEqual(3 * (round + 1));
      for (const key of stored) {
        const found = await store.get(key);
        expect(found === null ? null : await text(found.body)).toBe(key.padEnd(64).repeat(256 * 20));
      }
    }
    // What was under way is out of the way, and goes when it is old.
    expect((await readdir(join(folder, '.unfinished'))).length).toBeLessThanOrEqual(9);
    await openFileObjectStore({ folder, now: () => Date.now() + 3_601_000 });
    expect(await readdir(join(folder, '.unfinished'))).toEqual([]);
  }, 60_000);
});

async function listKeys(): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => !path.startsWith('.'));
}
