import { Counter, Gauge, type Registry } from 'prom-client';
import type { DependencyStatus, Subgraph } from '../../shared/graphql/subgraph.js';
import { addDependencyMetrics } from '../../shared/telemetry/dependency-metrics.js';
import { addSubgraphGauges } from '../../shared/telemetry/subgraph-gauges.js';
import type { AnswerCache } from '../caching/answer-cache.js';
import type { OnCached } from '../caching/cached-source.js';
import type { OnFetch } from '../datasources/on-fetch.js';
import type { Supergraph } from '../supergraph/supergraph.js';
import type { CountsOf } from '../subscriptions/live-clients.js';
import type { WebSocketStats } from '../subscriptions/websocket.js';
import { addCacheGauges, createCacheMetrics } from './cache-metrics.js';
import { createFetchMetrics } from './fetch-metrics.js';
import { createOperationMetrics } from './operation-metrics.js';
import { createOperationNames } from './operation-names.js';
import type { OnOperation } from './operation-report.js';
import { addSocketMetrics } from './socket-metrics.js';
import { createSubscriptionMetrics } from './subscription-metrics.js';

/** All that a gateway counts. Its parts know nothing of it but the callbacks; the rest is read from them when somebody asks. */
export interface GatewayMetrics {
  readonly onFetch: OnFetch;
  readonly onCached: OnCached;
  readonly onOperation: OnOperation;
  readonly subscriptionsOf: CountsOf;
  observeSupergraph(supergraph: Pick<Supergraph, 'current' | 'state'>): void;
  observeCache(stats: AnswerCache['stats']): void;
  observeSockets(stats: () => WebSocketStats): void;
  observeDependencies(ready: () => Promise<readonly DependencyStatus[]>): void;
  /** Those of this process. */
  observeSubgraphs(subgraphs: readonly Pick<Subgraph, 'name' | 'gauges'>[]): void;
}

const circuitValues = { closed: 0, 'half-open': 1, open: 2 } as const;

export function createGatewayMetrics(registry: Registry): GatewayMetrics {
  const nameOf = createOperationNames();
  return {
    onFetch: createFetchMetrics(registry),
    onCached: createCacheMetrics(registry),
    onOperation: createOperationMetrics(registry, nameOf),
    subscriptionsOf: createSubscriptionMetrics(registry, nameOf),
    observeSupergraph: (supergraph) => addSupergraphMetrics(registry, supergraph),
    observeCache: (stats) => addCacheGauges(registry, stats),
    observeSockets: (stats) => addSocketMetrics(registry, stats),
    observeDependencies: (ready) => addDependencyMetrics(registry, ready),
    observeSubgraphs: (subgraphs) => addSubgraphGauges(registry, subgraphs),
  };
}

function addSupergraphMetrics(registry: Registry, supergraph: Pick<Supergraph, 'current' | 'state'>): void {
  const registers = [registry];
  new Gauge({
    name: 'galaxia_supergraph_loaded_timestamp_seconds',
    help: 'Since when the supergraph is served that is served now.',
    aggregator: 'min',
    registers,
    collect() {
      this.set(supergraph.state().loadedAt / 1000);
    },
  });
  new Gauge({
    name: 'galaxia_supergraph_file_refused',
    help: 'Whether the file of the supergraph as it is now cannot be used, so that an older one is served: 1, or 0.',
    aggregator: 'max',
    registers,
    collect() {
      this.set(supergraph.state().isFileRefused ? 1 : 0);
    },
  });
  new Gauge({
    name: 'galaxia_subgraph_circuit_state',
    help: 'Whether a subgraph is asked: 0 as always, 1 to find out whether it is well again, 2 not at all.',
    labelNames: ['subgraph'],
    aggregator: 'max',
    registers,
    collect() {
      this.reset();
      for (const [subgraph, { circuit }] of supergraph.current().services) {
        if (circuit !== undefined) this.set({ subgraph }, circuitValues[circuit().kind]);
      }
    },
  });
  new Gauge({
    name: 'galaxia_subgraph_subscriptions',
    help: 'Subscriptions that run at a subgraph; those of clients that share one are one.',
    labelNames: ['subgraph'],
    registers,
    collect() {
      this.reset();
      for (const [subgraph, { subscriptions }] of supergraph.current().services) {
        if (subscriptions !== undefined) this.set({ subgraph }, subscriptions());
      }
    },
  });
  new Counter({
    name: 'galaxia_operation_cache_requests_total',
    help: 'Operations that were parsed, validated and planned already (hit), and those that were not (miss). Begins anew with each supergraph.',
    labelNames: ['result'],
    registers,
    collect() {
      const { hits, misses } = supergraph.current().operations.stats();
      this.reset();
      this.inc({ result: 'hit' }, hits);
      this.inc({ result: 'miss' }, misses);
    },
  });
  new Gauge({
    name: 'galaxia_operation_cache_entries',
    help: 'Operations that are kept parsed.',
    registers,
    collect() {
      this.set(supergraph.current().operations.stats().operations);
    },
  });
}
