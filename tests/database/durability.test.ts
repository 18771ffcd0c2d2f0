import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { lockDataDir } from '../../shared/database/embedded/data-dir-lock.js';
import { openEmbedded } from '../../shared/database/embedded/embedded.js';
import { startChild } from './children.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxia-durability-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('The embedded database of a process that is killed', () => {
  it('has all that was acknowledged, and whole transactions only, however often', async () => {
    const acknowledged = new Set<string>();
    for (let round = 0; round < 4; round += 1) {
      const child = startChild('write-child.ts', [folder]);
      expect(await child.nextLine()).toBe('starting');
      expect(await child.nextLine()).toBe('ready');
      // A moment by chance, in the middle of some write: the later rounds after the database has grown.
      const writes = 20 + Math.floor(Math.random() * 300);
      for (let write = 0; write < writes; write += 1) await child.nextLine();
      await child.kill();
      for (const line of child.lines.slice(2)) acknowledged.add(line);

      const { rows, events, orphans } = await inspect();
      expect([...acknowledged].filter((id) => !rows.has(id))).toEqual([]);
      expect(orphans).toBe(0);
      // At most what each of the three writers had under way when it was killed.
      expect(rows.size - acknowledged.size).toBeLessThanOrEqual(3 * (round + 1));
      expect(events).toBeGreaterThan(0);
    }
  }, 120_000);

  it('opens when it was killed at any moment of its first start', async () => {
    for (let round = 0; round < 3; round += 1) {
      await rm(folder, { recursive: true, force: true });
      const child = startChild('write-child.ts', [folder]);
      expect(await child.nextLine()).toBe('starting');
      // The first start takes one or two seconds: making the files, opening them, migrating.
      await Promise.race([new Promise((resolve) => setTimeout(resolve, Math.random() * 2500)), child.nextLine()]);
      await child.kill();
      const next = startChild('write-child.ts', [folder]);
      expect(await next.nextLine()).toBe('starting');
      expect(await next.nextLine()).toBe('ready');
      await next.kill();
    }
  }, 120_000);
});

async function inspect() {
  const lock = await lockDataDir(folder);
  const database = await openEmbedded(join(folder, 'database'));
  const adapter = await database.adapter.connect();
  const select = async (sql: string) => (await adapter.queryRaw({ sql, args: [], argTypes: [] })).rows.flat();
  const rows = new Set(await select('SELECT id FROM auth.inbox_event'));
  const [events] = await select('SELECT count(*)::int FROM auth.outbox_event');
  const [orphans] = await select('SELECT count(*)::int FROM auth.outbox_event WHERE id NOT IN (SELECT id FROM auth.inbox_event)');
  await database.close();
  await lock.release();
  return { rows, events, orphans };
}
