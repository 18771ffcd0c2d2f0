import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeDatabase } from '../database.conformance.js';
import { openEmbedded } from './embedded.js';

describeDatabase('The embedded Postgres', () => openEmbedded('memory://'));

describe('The embedded Postgres in a folder', () => {
  let parent: string;
  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), 'galaxia-embedded-'));
  });
  afterAll(() => rm(parent, { recursive: true, force: true }));

  it('starts afresh when a process was killed while it made the folder', async () => {
    const folder = join(parent, 'unfinished', 'database');
    await mkdir(`${folder}.new-1/base`, { recursive: true });
    await writeFile(`${folder}.new-1/PG_VERSION`, '');
    const database = await openEmbedded(folder);
    await database.ping();
    await database.close();
    expect(await readdir(join(parent, 'unfinished'))).toEqual(['database']);
  });

  it('never throws away a folder that was complete', async () => {
    const folder = join(parent, 'foreign');
    await mkdir(folder);
    await writeFile(join(folder, 'PG_VERSION'), 'not a version');
    await expect(openEmbedded(folder)).rejects.toThrow();
    expect(existsSync(join(folder, 'PG_VERSION'))).toBe(true);
  });

  it('has everything again after it was closed', async () => {
    const folder = join(parent, 'kept', 'database');
    const first = await openEmbedded(folder);
    const writer = await first.adapter.connect();
    await writer.executeScript('CREATE TABLE item (id int); INSERT INTO item VALUES (7)');
    await first.close();
    const second = await openEmbedded(folder);
    const reader = await second.adapter.connect();
    expect((await reader.queryRaw({ sql: 'SELECT id FROM item', args: [], argTypes: [] })).rows).toEqual([[7]]);
    await second.close();
  });
});
