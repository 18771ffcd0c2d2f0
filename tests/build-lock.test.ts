import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { projectRoot } from '../shared/config/project-root.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'build-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A process that builds: it writes `begin` and `end` to the log of all builds. Resolves with its exit code. */
async function build(): Promise<unknown> {
  const script = `
    import { appendFileSync } from 'node:fs';
    import { setTimeout as wait } from 'node:timers/promises';
    import { lockBuild } from ${JSON.stringify(pathToFileURL(join(projectRoot, 'tools', 'build-lock.mjs')).href)};
    const unlock = await lockBuild('lock', () => undefined);
    appendFileSync('log', 'begin ');
    await wait(20);
    appendFileSync('log', 'end ');
    unlock();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: folder, stdio: 'inherit' });
  const [status] = (await once(child, 'exit')) as unknown[];
  return status;
}

describe('The processes of a distributed start on an unbuilt clone', () => {
  it('build one after the other', async () => {
    expect(await Promise.all(Array.from({ length: 5 }, build))).toEqual([0, 0, 0, 0, 0]);
    expect(readFileSync(join(folder, 'log'), 'utf8')).toBe('begin end '.repeat(5));
    expect(existsSync(join(folder, 'lock'))).toBe(false);
  });

  it.each([
    ['of a process that is gone', '2147483646'],
    ['that a power failure emptied', ''],
  ])('take over a lock %s', async (_whose, content) => {
    writeFileSync(join(folder, 'lock'), content);
    expect(await build()).toBe(0);
  });
});
