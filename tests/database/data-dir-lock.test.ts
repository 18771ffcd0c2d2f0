import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataDirInUseError, lockDataDir } from '../../shared/database/embedded/data-dir-lock.js';
import { startChild, type Child } from './children.js';

let folder: string;
let children: Child[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxia-lock-'));
  children = [];
});
afterEach(async () => {
  await Promise.all(children.map((child) => child.kill()));
  await rm(folder, { recursive: true, force: true });
});

async function startChildren(count: number): Promise<Child[]> {
  const started = Array.from({ length: count }, () => startChild('lock-child.ts', [folder]));
  children.push(...started);
  for (const child of started) expect(await child.nextLine()).toBe('ready');
  return started;
}

async function ask(child: Child): Promise<string> {
  child.write('lock');
  return child.nextLine();
}

async function startHolder(): Promise<Child> {
  const [child] = await startChildren(1);
  if (child === undefined) throw new Error('no child');
  expect(await ask(child)).toBe('held');
  return child;
}

/** The lock as a holder wrote it, with some of it changed: as another process, machine or container would have written it. */
async function rewriteLock(change: Record<string, unknown>): Promise<void> {
  const file = join(folder, 'lock', '1');
  await writeFile(file, JSON.stringify({ ...(JSON.parse(await readFile(file, 'utf8')) as object), ...change }));
}

describe('The lock on the data folder', () => {
  it('refuses a second process, and names the first and the folder', async () => {
    const holder = await startHolder();
    const refusal = lockDataDir(folder);
    await expect(refusal).rejects.toThrow(DataDirInUseError);
    await expect(refusal).rejects.toThrow(`The data folder ${folder} is in use by process ${String(holder.pid)}.`);
  });

  it('refuses the same process a second time', async () => {
    const lock = await lockDataDir(folder);
    await expect(lockDataDir(folder)).rejects.toThrow(`in use by process ${String(process.pid)}`);
    await lock.release();
  });

  it('does not guess what a lock means that it cannot read', async () => {
    await lockDataDir(folder);
    await rewriteLock({ kind: 'something new' });
    await expect(lockDataDir(folder)).rejects.toThrow(/cannot be read/);
  });

  it('is free again after its release', async () => {
    for (let round = 0; round < 5; round += 1) {
      const lock = await lockDataDir(folder);
      await lock.release();
    }
    expect((await readdir(join(folder, 'lock'))).length).toBeLessThanOrEqual(2);
  });

  it('is taken over at once when its holder was killed', async () => {
    const holder = await startHolder();
    await holder.kill();
    const lock = await lockDataDir(folder);
    await lock.release();
  });

  it('is taken over when its holder had the id of a process that started later', async () => {
    await lockDataDir(folder);
    await rewriteLock({ startedAt: 'some other time' });
    await lockDataDir(folder);
  });

  it('is taken over after a restart of the machine', async () => {
    await lockDataDir(folder);
    await rewriteLock({ boot: 'an earlier one' });
    await lockDataDir(folder);
  });

  it('is taken over when a power failure emptied it', async () => {
    await lockDataDir(folder);
    await writeFile(join(folder, 'lock', '1'), '');
    await lockDataDir(folder);
  });

  it('is taken over from a container that has ended, though the id is in use in this one', async () => {
    await lockDataDir(folder);
    await rewriteLock({ namespace: 'pid:[1]', socket: 'gone.socket' });
    await lockDataDir(folder);
  });

  it('is respected when its holder runs in another container on the same volume', async () => {
    await lockDataDir(folder);
    const server = createServer().listen(join(folder, 'lock', 'other.socket'));
    await rewriteLock({ namespace: 'pid:[1]', pid: 1, socket: 'other.socket' });
    await expect(lockDataDir(folder)).rejects.toThrow(DataDirInUseError);
    await new Promise((resolve) => server.close(resolve));
    await lockDataDir(folder);
  });

  it('goes to exactly one of many processes that want it at once, whenever its holder is killed', async () => {
    let waiting = await startChildren(10);
    while (waiting.length > 0) {
      const answers = await Promise.all(waiting.map(ask));
      const winners = waiting.filter((_, index) => answers[index] === 'held');
      expect(winners).toHaveLength(1);
      const refused = answers.filter((answer) => answer === `refused ${String(winners[0]?.pid)}`);
      expect(refused).toHaveLength(waiting.length - 1);
      await winners[0]?.kill();
      waiting = waiting.filter((child) => child !== winners[0]);
    }
  }, 60_000);
});
