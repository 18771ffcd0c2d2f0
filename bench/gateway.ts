/**
 * P1: what a query costs the gateway, against a relay by hand, plain Apollo, Hive Gateway and the subgraphs themselves, each in a
 * process of its own on one core. `BENCH_ROUNDS`, `BENCH_SECONDS` and `BENCH_PRODUCT` (another built clone, with `BENCH_LABEL` for
 * its results) change what is run.
 */
import { isDeepStrictEqual } from 'node:util';
import { resolve } from 'node:path';
import { cpuTimeOf } from './cpu-time.js';
import { createDirectTarget } from './gateway/direct.js';
import { createTarget, runLoad, type Target } from './gateway/load.js';
import { canPin, leaveOwnCore } from './gateway/machine.js';
import { plotCost } from './gateway/plot-cost.js';
import { bodiesOf, queries } from './gateway/queries.js';
import { starts } from './gateway/subgraphs.js';
import { installPeers, openStage, startContestant, type Contestant, type ContestantName } from './gateway/stage.js';
import { columns, directly, figureName, matrix, summarise } from './gateway/summary.js';
import { report, residentMemory } from './harness.js';
import { createNotebook } from './presence/notebook.js';

const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const durationMs = Number(process.env.BENCH_SECONDS ?? 3) * 1_000;
const productRoot = process.env.BENCH_PRODUCT ?? resolve(import.meta.dirname, '..');
const names: readonly ContestantName[] = ['relay', 'Galaxia', 'Hive', 'plain Apollo'];

installPeers();
leaveOwnCore();
if (!canPin) console.error('taskset is not here: nobody has a core of their own');
const notebook = createNotebook();
const stage = await openStage();
const contestants: Contestant[] = [];
try {
  for (const name of names) contestants.push(await startContestant(name, stage, { productRoot }));
  await compareAnswers();
  for (let round = -1; round < rounds; round += 1) await measure(round < 0);
} finally {
  await Promise.all(contestants.map((contestant) => contestant.stop()));
  await stage.stop();
}
const label = process.env.BENCH_LABEL === undefined ? '' : `-${process.env.BENCH_LABEL}`;
report(`gateway${label}`, `P1: the gateway${label}`, summarise(notebook, names), matrix(notebook, names));
plotCost(`gateway${label}-cost`, 'P1: CPU of the gateway for a request, ms', notebook.figures(), names);

/** All contestants give the same answers, or there is nothing to compare. */
async function compareAnswers(): Promise<void> {
  for (const { name, query } of queries) {
    const targets = contestants.map(({ url }) => createTarget(url, bodiesOf(query)));
    for (let n = 0; n < starts; n += 17) {
      const [right, ...others] = (await Promise.all(targets.map((target) => target.answer(n)))).map(dataOf);
      others.forEach((answer, index) => {
        if (answer === undefined || !isDeepStrictEqual(answer, right)) {
          throw new Error(`${name}: ${String(names[index + 1])} answers ${JSON.stringify(answer)}, not ${JSON.stringify(right)}`);
        }
      });
    }
    await Promise.all(targets.map((target) => target.close()));
  }
}

function dataOf(answer: unknown): unknown {
  const { data } = answer as { data?: unknown };
  // Objects from different parsers may differ in their prototypes.
  return data === undefined ? undefined : JSON.parse(JSON.stringify(data));
}

async function measure(isWarmUp: boolean): Promise<void> {
  const note = (query: string, asked: string, column: keyof typeof columns, value: number): void => {
    if (!isWarmUp) notebook.note(figureName(query, asked, column), columns[column].unit, value);
  };
  /** One request at a time tells how long the way is; of 32, most of the time goes to waiting for the one core. */
  const measureTarget = async (query: string, asked: string, target: Target, pid?: number): Promise<void> => {
    const before = pid === undefined ? 0 : cpuTimeOf(pid);
    const load = await runLoad(target.ask, { connections: 32, durationMs });
    if (pid !== undefined) note(query, asked, 'cpu', (cpuTimeOf(pid) - before) / load.requests);
    note(query, asked, 'rate', (load.requests / load.elapsed) * 1_000);
    note(query, asked, 'p50', load.p50);
    note(query, asked, 'p99', load.p99);
    const alone = await runLoad(target.ask, { connections: 1, durationMs: durationMs / 3 });
    note(query, asked, 'p50Alone', alone.p50);
    note(query, asked, 'p99Alone', alone.p99);
    if (pid !== undefined) note(query, asked, 'memory', residentMemory(pid));
    await target.close();
  };
  for (const query of queries) {
    for (const { name, url, pid } of contestants) await measureTarget(query.name, name, createTarget(url, bodiesOf(query.query)), pid);
    await measureTarget(query.name, directly, createDirectTarget(query, stage.urls));
  }
}
