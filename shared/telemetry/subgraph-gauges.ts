import { Counter, Gauge, type Registry } from 'prom-client';
import type { Subgraph } from '../graphql/subgraph.js';
import { createLatest } from './latest.js';

/** A number that a subgraph has for its operators. */
export interface SubgraphGauge {
  /** By the conventions of Prometheus. Several subgraphs may have the same. */
  readonly name: string;
  readonly help: string;
  /** Whether it only grows. */
  readonly isCounter?: boolean;
  /** Undefined when there is nothing to tell. May reject, and may take its time: then nothing, or what was known last, is told. */
  read(): number | undefined | Promise<number | undefined>;
}

/** Tells of what subgraphs of this process have to tell. */
export function addSubgraphGauges(registry: Registry, subgraphs: readonly Pick<Subgraph, 'name' | 'gauges'>[]): void {
  const owned = subgraphs.flatMap(({ name: subgraph, gauges = [] }) => gauges.map((gauge) => ({ subgraph, gauge })));
  for (const name of new Set(owned.map(({ gauge }) => gauge.name))) {
    const same = owned.filter(({ gauge }) => gauge.name === name);
    const reads = same.map(({ subgraph, gauge }) => ({ subgraph, latest: createLatest(async () => gauge.read()) }));
    const Metric = same[0]?.gauge.isCounter === true ? Counter : Gauge;
    const metric = new Metric({
      name,
      help: same[0]?.gauge.help ?? '',
      labelNames: ['subgraph'],
      registers: [registry],
      async collect() {
        const values = await Promise.all(reads.map(async ({ subgraph, latest }) => ({ subgraph, value: await latest() })));
        metric.reset();
        for (const { subgraph, value } of values) if (value !== undefined) metric.inc({ subgraph }, value);
      },
    });
  }
}
