import { createMetricsRegistry } from '../../shared/telemetry/metrics-registry.js';
import type { MetricsConfig } from '../../shared/telemetry/telemetry-variables.js';
import type { WorkerLink } from '../cluster/worker-link.js';
import type { GatewayOptions } from '../gateway.js';
import { createGatewayMetrics } from './gateway-metrics.js';

/** For `createGateway` and the data sources; undefined when nothing is to be counted. With a `link` it tells of all workers. */
export function openMetrics(config: MetricsConfig | undefined, link?: WorkerLink): GatewayOptions['metrics'] {
  if (config === undefined) return undefined;
  const registry = createMetricsRegistry();
  return { counted: createGatewayMetrics(registry), source: link?.metricsOfAll(registry) ?? registry, access: config };
}
