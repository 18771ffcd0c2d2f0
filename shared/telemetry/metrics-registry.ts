import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { productVersion } from '../config/product-version.js';

/** Upper bounds of histograms of durations, in seconds: from what memory answers to the time-out of an operation. */
export const durationBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The metrics of one process: so far those of Node, with the delay of its event loop, and what runs there. */
export function createMetricsRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 20 });
  addBuildInfo(registry);
  return registry;
}

export function addBuildInfo(registry: Registry): void {
  new Gauge({
    name: 'galaxia_build_info',
    help: 'The version that runs: always 1.',
    labelNames: ['version'],
    aggregator: 'first',
    registers: [registry],
  }).set({ version: productVersion() }, 1);
}
