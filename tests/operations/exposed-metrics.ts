import { Registry, type MetricObject } from 'prom-client';
import { addWorkerMetrics } from '../../gateway/cluster/gather-metrics.js';
import { createGatewayMetrics } from '../../gateway/telemetry/gateway-metrics.js';
import { eventGauges } from '../../shared/events/event-gauges.js';
import { addBuildInfo, createMetricsRegistry } from '../../shared/telemetry/metrics-registry.js';
import { queueGauges } from '../../shared/telemetry/queue-gauges.js';
import { addSubscriptionGauges, countServed } from '../../shared/telemetry/subgraph-metrics.js';
import { mailGauges } from '../../subgraphs/auth/mail-gauges.js';
import { presenceGauges } from '../../subgraphs/sessions/presence-gauges.js';

export interface ExposedMetric {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
}

/** All that the product's processes tell of themselves under a name of its own. */
export function ownMetrics(): readonly ExposedMetric[] {
  const registry = new Registry();
  const metrics = createGatewayMetrics(registry);
  metrics.observeSupergraph({ current: unasked, state: unasked });
  metrics.observeSockets(unasked);
  metrics.observeCache(unasked);
  metrics.observeDependencies(unasked);
  const events = eventGauges({ relay: { backlog: unasked }, bus: {}, group: 'any' });
  const gauges = [...events, ...presenceGauges({ count: unasked }), ...mailGauges({ backlog: unasked }, unasked), ...queueGauges(unasked)];
  metrics.observeSubgraphs([{ name: 'any', gauges }]);
  addWorkerMetrics(registry, unasked);
  countServed(registry);
  addBuildInfo(registry);
  addSubscriptionGauges(registry, unasked);
  return listed(registry);
}

/** Of Node and its process. */
export function processMetrics(): readonly ExposedMetric[] {
  return listed(createMetricsRegistry());
}

function listed(registry: Registry): readonly ExposedMetric[] {
  return registry.getMetricsAsArray().map((metric) => {
    const { name, type, labelNames } = metric as MetricObject & { readonly type: string; readonly labelNames: readonly string[] };
    return { name, type, labels: labelNames };
  });
}

function unasked(): never {
  throw new Error('nobody reads the metrics here');
}
