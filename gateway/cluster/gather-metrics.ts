import { AggregatorRegistry, Counter, Gauge, Registry } from 'prom-client';
import type { MetricsSnapshot, ToWorker } from './worker-messages.js';

interface Told {
  send(message: ToWorker): unknown;
  isConnected(): boolean;
}

export interface MetricsGathering {
  /** The metrics of all workers together, in Prometheus' format. */
  text(): Promise<string>;
  take(id: number, snapshot: MetricsSnapshot): void;
  noteRestart(): void;
}

/** A worker that does not answer within this time is left out, in ms. */
const timeoutMs = 1_000;

interface Gathering {
  readonly snapshots: MetricsSnapshot[];
  missing: number;
  done(): void;
}

/** Answers what counts the workers that were replaced. */
export function addWorkerMetrics(registry: Registry, count: () => number): Counter {
  const registers = [registry];
  new Gauge({
    name: 'galaxia_workers',
    help: 'Processes that serve.',
    registers,
    collect() {
      this.set(count());
    },
  });
  return new Counter({ name: 'galaxia_worker_restarts_total', help: 'Workers that ended and were replaced.', registers });
}

/** Adds up what workers count. `workers` are those that are ready now. */
export function createMetricsGathering(workers: () => readonly Told[]): MetricsGathering {
  const own = new Registry();
  const restarts = addWorkerMetrics(own, () => workers().length);
  const gatherings = new Map<number, Gathering>();
  let lastId = 0;

  return {
    async text() {
      const asked = workers().filter((worker) => worker.isConnected());
      lastId += 1;
      const id = lastId;
      const snapshots = await new Promise<MetricsSnapshot[]>((resolve) => {
        const gathering: Gathering = {
          snapshots: [],
          missing: asked.length,
          done() {
            clearTimeout(timer);
            gatherings.delete(id);
            resolve(gathering.snapshots);
          },
        };
        const timer = setTimeout(() => gathering.done(), timeoutMs);
        gatherings.set(id, gathering);
        for (const worker of asked) worker.send({ kind: 'collect metrics', id });
        if (asked.length === 0) gathering.done();
      });
      const all = [...snapshots, await own.getMetricsAsJSON()];
      return AggregatorRegistry.aggregate(all).metrics();
    },
    take(id, snapshot) {
      const gathering = gatherings.get(id);
      if (gathering === undefined) return;
      gathering.snapshots.push(snapshot);
      gathering.missing -= 1;
      if (gathering.missing === 0) gathering.done();
    },
    noteRestart: () => restarts.inc(),
  };
}
