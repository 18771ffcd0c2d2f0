import { Histogram } from 'prom-client';
import { createMetricsRegistry, durationBuckets } from './metrics-registry.js';
import type { MetricsSource } from './metrics-route.js';
import type { MetricsConfig } from './telemetry-variables.js';

/** All that a subgraph's process counts. */
export interface SubgraphMetrics {
  readonly source: MetricsSource;
  readonly access: MetricsConfig;
  /** An operation of the gateway was answered. */
  readonly onServed: (status: number, ms: number) => void;
}

/** Undefined when nothing is to be counted. */
export function openSubgraphMetrics(config: MetricsConfig | undefined): SubgraphMetrics | undefined {
  if (config === undefined) return undefined;
  const registry = createMetricsRegistry();
  const durations = new Histogram({
    name: 'galaxia_served_operation_duration_seconds',
    help: 'Queries and mutations of the gateway that this subgraph answered, by the HTTP status.',
    labelNames: ['status'],
    buckets: durationBuckets,
    registers: [registry],
  });
  const observers = new Map<number, { observe(seconds: number): void }>();
  return {
    source: registry,
    access: config,
    onServed(status, ms) {
      const observer = observers.get(status) ?? durations.labels(String(status));
      observers.set(status, observer);
      observer.observe(ms / 1000);
    },
  };
}
