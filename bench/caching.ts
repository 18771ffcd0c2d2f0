/**
 * What it saves to keep answers of subgraphs (CACHE), and what it costs where nothing may be kept: P1's queries of gateways without a cache,
 * with one that has everything, and with one whose subgraphs say `no-store`, each in a process of its own on one core.
 */
import { resolve } from 'node:path';
import { cpuTimeOf } from './cpu-time.js';
import { createTarget, runLoad } from './gateway/load.js';
import { leaveOwnCore } from './gateway/machine.js';
import { bodiesOf, queries } from './gateway/queries.js';
import { starts } from './gateway/subgraphs.js';
import { openStage, startContestant, type Contestant, type Stage } from './gateway/stage.js';
import { report } from './harness.js';
import { createNotebook } from './presence/notebook.js';

const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const durationMs = Number(process.env.BENCH_SECONDS ?? 3) * 1_000;
const productRoot = resolve(import.meta.dirname, '..');

interface Subject extends Contestant {
  readonly label: string;
  readonly stage: Stage;
}

leaveOwnCore();
const notebook = createNotebook();
const stages: Stage[] = [];
const subjects: Subject[] = [];
try {
  const open = async (cacheControl: string): Promise<Stage> => {
    const stage = await openStage('subgraph.ts', { CACHE_CONTROL: cacheControl });
    stages.push(stage);
    return stage;
  };
  const start = async (label: string, stage: Stage, mode: string): Promise<void> => {
    const environment = { CACHE: mode, RATE_LIMIT_SCALE: '1000000' };
    subjects.push({ ...(await startContestant('Galaxia', stage, { productRoot, environment })), label, stage });
  };
  const kept = await open('public, max-age=86400');
  await start('no cache', kept, 'off');
  await start('all is kept', kept, 'all');
  await start('nothing may be kept', await open('no-store'), 'all');
  for (let round = -1; round < rounds; round += 1) await measure(round < 0);
} finally {
  await Promise.all(subjects.map((subject) => subject.stop()));
  await Promise.all(stages.map((stage) => stage.stop()));
}
const times = (a: number, b: number): number => a / b;
for (const { name } of queries) {
  const compare = (label: string, atMost: number): void => {
    const cost = 'CPU of the gateway';
    const names = [figure(name, label, cost), figure(name, 'no cache', cost)] as const;
    notebook.compare(`${name}, ${label}: ${cost}`, '×', names, times, { atMost });
  };
  compare('all is kept', 0.75);
  compare('nothing may be kept', 1.05);
}
report('caching', 'Answers that are kept', notebook.figures(), [
  'CPU for a request; × is over that of the same round without a cache.',
  '',
]);

function figure(query: string, label: string, cost: string): string {
  return `${query}, ${label}: ${cost} for a request`;
}

async function measure(isWarmUp: boolean): Promise<void> {
  for (const { name, query } of queries) {
    for (const { label, url, pid, stage } of subjects) {
      const target = createTarget(url, bodiesOf(query));
      // The first time each of them is asked for it is not kept yet.
      if (isWarmUp) for (let n = 0; n < starts; n += 1) await target.ask(n);
      const all = (pids: readonly number[]): number => pids.reduce((sum, each) => sum + cpuTimeOf(each), 0);
      const before = [cpuTimeOf(pid), all(stage.pids)] as const;
      const { requests } = await runLoad(target.ask, { connections: 32, durationMs });
      await target.close();
      if (isWarmUp) continue;
      notebook.note(figure(name, label, 'CPU of the gateway'), 'ms', (cpuTimeOf(pid) - before[0]) / requests);
      notebook.note(figure(name, label, 'CPU of the subgraphs'), 'ms', (all(stage.pids) - before[1]) / requests);
    }
  }
}
