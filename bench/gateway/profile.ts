/**
 * Where the gateway's time goes: a CPU profile of the built gateway under the load of P1 and its flame graph.
 *   npx tsx bench/gateway/profile.ts --label after [--product <built clone>] [--query "three subgraphs"]
 * It writes `bench/results/gateway-flame-<label>.svg` and `dist/gateway-<label>.cpuprofile`, which is not kept, for Chromium's developer tools.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { cpuTimeOf } from '../cpu-time.js';
import { drawFlameGraph, type CpuProfile } from './flame-graph.js';
import { createTarget, runLoad } from './load.js';
import { leaveOwnCore, untilReady } from './machine.js';
import { bodiesOf, queries } from './queries.js';
import { openStage, startContestant } from './stage.js';

const root = resolve(import.meta.dirname, '..', '..');
const { values } = parseArgs({
  options: { label: { type: 'string' }, product: { type: 'string', default: root }, query: { type: 'string', default: 'three subgraphs' } },
});
const asked = queries.find(({ name }) => name === values.query);
if (values.label === undefined || asked === undefined) {
  console.error(`Say --label <name>, and --query as one of: ${queries.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
leaveOwnCore();
const file = join(root, 'dist', `gateway-${values.label}.cpuprofile`);
rmSync(file, { force: true });
const collector = pathToFileURL(join(import.meta.dirname, 'profile-on-signal.mjs')).href;
const stage = await openStage();
const gateway = await startContestant('Galaxia', stage, {
  productRoot: resolve(values.product),
  nodeOptions: ['--import', collector],
  environment: { PROFILE_FILE: file },
});
const target = createTarget(gateway.url, bodiesOf(asked.query));
const load = { connections: 32, durationMs: 8_000 };
await runLoad(target.ask, load);
process.kill(gateway.pid, 'SIGPWR');
const before = cpuTimeOf(gateway.pid);
const { requests } = await runLoad(target.ask, load);
const cpu = (cpuTimeOf(gateway.pid) - before) / requests;
process.kill(gateway.pid, 'SIGPWR');
await untilReady('the profile', () => Promise.resolve(existsSync(file) && readFileSync(file, 'utf8').endsWith('}')));
await target.close();
await gateway.stop();
await stage.stop();

const title = `The gateway, ${asked.name}, ${values.label}: ${cpu.toFixed(2)} ms of CPU for a request while profiled`;
const { svg, hottest } = drawFlameGraph(title, JSON.parse(readFileSync(file, 'utf8')) as CpuProfile);
writeFileSync(join(root, 'bench', 'results', `gateway-flame-${values.label}.svg`), svg);
console.log([title, ...hottest].join('\n'));
process.exit(0);
