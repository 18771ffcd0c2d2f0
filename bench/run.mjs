/** `npm run bench [-- name …]`: builds, then runs every measurement, or those named. Results are printed and kept in `bench/results/`. */
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { build } from '../tools/build.mjs';

const measurements = [
  'startup',
  'passwords',
  'accounts',
  'images',
  'fan-out',
  'subscription-sockets',
  'presence',
  'gateway',
  'caching',
  'processes',
];
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !measurements.includes(name));
if (asked.includes('--help') || unknown.length > 0) {
  console.log(`npm run bench [-- name …]\nMeasurements: ${measurements.join(', ')}`);
  process.exit(unknown.length > 0 && !asked.includes('--help') ? 2 : 0);
}
await build();
for (const name of asked.length > 0 ? asked : measurements) {
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', join(import.meta.dirname, `${name}.ts`)], {
    stdio: 'inherit',
    cwd: resolve(import.meta.dirname, '..'),
  });
  if (status !== 0) process.exit(status ?? 1);
}
