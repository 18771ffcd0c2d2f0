import { Gauge, type Registry } from 'prom-client';
import type { DependencyStatus } from '../graphql/subgraph.js';
import { createLatest } from './latest.js';

/** Tells of `ready` what `/health/ready` does. A dependency that hangs does not hold up whoever asks: then it is what was known last. */
export function addDependencyMetrics(registry: Registry, ready: () => Promise<readonly DependencyStatus[]>): void {
  const latest = createLatest(ready);
  for (const { name, help, aggregator, of } of gauges) {
    new Gauge({
      name,
      help,
      labelNames: ['dependency'],
      aggregator,
      registers: [registry],
      async collect() {
        const statuses = (await latest()) ?? [];
        this.reset();
        for (const status of statuses) this.set({ dependency: withoutRemark(status.name) }, of(status));
      },
    });
  }
}

const gauges = [
  {
    name: 'galaxia_dependency_up',
    help: 'Whether what this process depends on answers: 1, or 0.',
    aggregator: 'min',
    of: ({ ok }: DependencyStatus) => (ok ? 1 : 0),
  },
  {
    name: 'galaxia_dependency_latency_seconds',
    help: 'How long what this process depends on took to answer when it was asked last.',
    aggregator: 'max',
    of: ({ latencyMs }: DependencyStatus) => latencyMs / 1000,
  },
] as const;

/** A number in a name would make a new series of it each time: `workers (3 of 4)`. */
function withoutRemark(name: string): string {
  return name.replace(/ \(.*\)$/, '');
}
