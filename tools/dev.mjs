/** `npm run dev`: builds, starts the all-in-one, and does both again whenever a source file changes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from './build.mjs';

const root = resolve(import.meta.dirname, '..');
const watched = ['gateway', 'subgraphs', 'shared', 'schema'];
/** What a build writes itself must not start the next one. */
const ignored = /__generated__|node_modules|\.test\.ts$|~$|supergraph\.graphql$|api\.graphql$/;

let child = null;
let timer = null;
let isBuilding = false;
let isStale = false;

async function restart() {
  if (isBuilding) {
    isStale = true;
    return;
  }
  isBuilding = true;
  do {
    isStale = false;
    try {
      await build();
      // The database allows one process at a time: the old one must be gone before the new one starts.
      await stop();
      child = spawn(process.execPath, [join(root, 'dist/gateway/all-in-one.js')], {
        stdio: 'inherit',
        env: { LOG_LEVEL: 'info', ...process.env, NODE_ENV: 'development' },
      });
    } catch (error) {
      console.error(`\n${error.message}\nWaiting for the next change; the last good build keeps running.`);
    }
  } while (isStale);
  isBuilding = false;
}

async function stop() {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

for (const folder of watched) {
  watch(join(root, folder), { recursive: true }, (_event, file) => {
    if (file === null || ignored.test(file)) return;
    clearTimeout(timer);
    timer = setTimeout(restart, 100);
  });
}
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    void stop().then(() => process.exit(0));
  });
}
await restart();
