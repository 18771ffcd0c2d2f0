import { Gauge, Histogram, type Registry } from 'prom-client';
import type { SubscriptionServer } from '../graphql/subscriptions/subscription-server.js';
import type { Subgraph } from '../graphql/subgraph.js';
import { addDependencyMetrics } from './dependency-metrics.js';
import { addSubgraphGauges } from './subgraph-gauges.js';
import { createMetricsRegistry, durationBuckets } from './metrics-registry.js';
import type { MetricsSource } from './metrics-route.js';
import type { MetricsConfig } from './telemetry-variables.js';

/** All that a subgraph's process counts. */
export interface SubgraphMetrics {
  readonly source: MetricsSource;
  readonly access: MetricsConfig;
  /** An operation of the gateway was answered. */
  readonly onServed: (status: number, ms: number) => void;
  observeSubscriptions(stats: () => ReturnType<SubscriptionServer['stats']>): void;
}

/** Undefined when nothing is to be counted. */
export function openSubgraphMetrics(
  config: MetricsConfig | undefined,
  subgraph: Pick<Subgraph, 'name' | 'ready' | 'gauges'>,
): SubgraphMetrics | undefined {
  if (config === undefined) return undefined;
  const registry = createMetricsRegistry();
  addDependencyMetrics(registry, () => subgraph.ready());
  addSubgraphGauges(registry, [subgraph]);
  return {
    source: registry,
    access: config,
    onServed: countServed(registry),
    observeSubscriptions: (stats) => addSubscriptionGauges(registry, stats),
  };
}

/** What gateways have subscribed to. */
export function addSubscriptionGauges(registry: Registry, stats: () => ReturnType<SubscriptionServer['stats']>): void {
  for (const [name, help, of] of [
    ['galaxia_served_sockets', 'Open sockets of gateways.', 'sockets'],
    ['galaxia_served_subscriptions', 'Subscriptions of gateways that run.', 'subscriptions'],
  ] as const) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(stats()[of]);
      },
    });
  }
}

/** Operations of the gateway that were answered. */
export function countServed(registry: Registry): SubgraphMetrics['onServed'] {
  const durations = new Histogram({
    name: 'galaxia_served_operation_duration_seconds',
    help: 'Queries and mutations of the gateway that this subgraph answered, by the HTTP status.',
    labelNames: ['status'],
    buckets: durationBuckets,
    registers: [registry],
  });
  const observers = new Map<number, { observe(seconds: number): void }>();
  return (status, ms) => {
    const observer = observers.get(status) ?? durations.labels(String(status));
    observers.set(status, observer);
    observer.observe(ms / 1000);
  };
}
