/** P7: from `node dist/gateway/all-in-one.js` to a 200 of `/health/ready`, and the resident memory of the idle process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../tests/testkit/services/free-ports.js';
import { report, residentMemory } from './harness.js';

const rounds = 5;
const entry = join(resolve(import.meta.dirname, '..'), 'dist', 'gateway', 'all-in-one.js');

/** Starts once on `dataDir`. Times in seconds, memory in MB. */
async function start(dataDir: string): Promise<{ ready: number; rss: number }> {
  const port = await freePort();
  const started = performance.now();
  const child = spawn(process.execPath, [entry], {
    env: { PATH: process.env.PATH, PORT: String(port), DATA_DIR: dataDir, NODE_ENV: 'production' },
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${String(port)}/health/ready`;
  while (
    !(await fetch(url).then(
      (answer) => answer.ok,
      () => false,
    ))
  ) {
    if (child.exitCode !== null) throw new Error(`the product ended with ${child.exitCode}: is it built?`);
    await wait(10);
  }
  const ready = (performance.now() - started) / 1000;
  await wait(3_000);
  const rss = residentMemory(child.pid ?? 0);
  child.kill('SIGTERM');
  await once(child, 'exit');
  return { ready, rss };
}

const first: number[] = [];
const again: number[] = [];
const memory: number[] = [];
for (let round = 0; round < rounds; round += 1) {
  const dataDir = mkdtempSync(join(tmpdir(), 'galaxia-bench-'));
  first.push((await start(dataDir)).ready);
  const second = await start(dataDir);
  again.push(second.ready);
  memory.push(second.rss);
  rmSync(dataDir, { recursive: true });
}
report('startup', 'P7: start of the all-in-one', [
  { name: 'first start to ready', unit: 's', rounds: first, goal: null },
  { name: 'start to ready', unit: 's', rounds: again, goal: { atMost: 3 } },
  { name: 'idle memory (RSS)', unit: 'MB', rounds: memory, goal: { atMost: 400 } },
]);
