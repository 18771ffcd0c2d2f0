import { setTimeout as wait } from 'node:timers/promises';
import type { CrowdOrder, CrowdState } from './crowd.js';
import { cpuTimeOf } from '../cpu-time.js';
import { residentMemory } from '../harness.js';
import type { Notebook } from './notebook.js';
import type { Range } from './people.js';
import { startChild, type Stage } from './stage.js';

const rounds = 3;
/** Of a round, at least: what a process has used is known in steps of 10 ms. */
const leastDeliveries = 45_000;

export interface Server {
  readonly name: string;
  readonly port: number;
  /** Whose time and memory are measured. */
  readonly pids: Readonly<Record<string, number>>;
  /** Makes one event for every follower. */
  publish(): Promise<void>;
}

/** What followers cost a server: to come, to wait, and to be told of a change. Figures are called `<followers> sockets, <server>: …`. */
export async function measureDeliveries(server: Server, { key }: Pick<Stage, 'key'>, range: Range, { note }: Notebook): Promise<string> {
  const name = `${range.count} sockets, ${server.name}`;
  const half = range.count / 2;
  const crowd = startCrowd();
  await crowd.obey(() => ({ kind: 'await', events: 0 }));
  const before = { memory: mapValues(server.pids, residentMemory), cpu: mapValues(server.pids, cpuMicroseconds) };
  const started = performance.now();
  await crowd.obey((index) => ({
    kind: 'open',
    port: server.port,
    range: { first: range.first + index * half, count: half },
    key,
    input: { friends: true },
  }));
  note(`${name}: all follow after`, 's', (performance.now() - started) / 1000);
  for (const [what, pid] of Object.entries(server.pids)) {
    note(`${name}: CPU of ${what} for a new one`, 'µs', (cpuMicroseconds(pid) - (before.cpu[what] ?? 0)) / range.count);
  }
  await wait(2_000);
  for (const [what, pid] of Object.entries(server.pids)) {
    const held = ((residentMemory(pid) - (before.memory[what] ?? 0)) * 1024) / range.count;
    note(
      `${name}: memory of ${what} for an idle one`,
      'KB',
      held,
      server.name === 'Galaxia' && what === 'the gateway' ? { atMost: 25 } : null,
    );
  }

  const changes = Math.ceil(leastDeliveries / range.count);
  let published = 0;
  let sample = '';
  // The first one warms up.
  for (let round = -1; round < rounds; round += 1) {
    await crowd.obey(() => ({ kind: 'await', events: 0 }));
    const cpu = mapValues(server.pids, cpuMicroseconds);
    const roundStarted = performance.now();
    const crowdCpu = [0, 0];
    for (let change = 0; change < changes; change += 1) {
      published += 1;
      const told = crowd.obey(() => ({ kind: 'await', events: published * half }));
      await server.publish();
      (await told).forEach((state, index) => {
        if (state.events !== published * half) throw new Error(`${state.events} events instead of ${published * half}`);
        crowdCpu[index] = (crowdCpu[index] ?? 0) + state.cpu;
        sample = state.sample;
      });
    }
    const seconds = (performance.now() - roundStarted) / 1000;
    if (round === -1) continue;
    const deliveries = changes * range.count;
    note(`${name}: delivered`, '1/s', deliveries / seconds);
    note(`${name}: busier half of the clients`, '% of a core', Math.max(...crowdCpu) / seconds / 10_000);
    for (const [what, pid] of Object.entries(server.pids)) {
      note(`${name}: CPU of ${what} for a delivery`, 'µs', (cpuMicroseconds(pid) - (cpu[what] ?? 0)) / deliveries);
    }
  }
  await crowd.stop();
  return sample;
}

/** Clients in two processes, so that they are not what is measured. */
function startCrowd() {
  const children = [startChild('crowd.ts'), startChild('crowd.ts')] as const;
  const obey = (order: (half: 0 | 1) => CrowdOrder) =>
    Promise.all([children[0].ask<CrowdState>(order(0)), children[1].ask<CrowdState>(order(1))]);
  return {
    obey,
    async stop() {
      await obey(() => ({ kind: 'close' }));
      await Promise.all(children.map((child) => child.stop()));
    },
  };
}

function mapValues(values: Readonly<Record<string, number>>, map: (value: number) => number): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]));
}

function cpuMicroseconds(pid: number): number {
  return cpuTimeOf(pid) * 1_000;
}
