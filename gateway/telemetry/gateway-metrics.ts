import { Counter, Gauge, type Registry } from 'prom-client';
import type { OnFetch } from '../datasources/on-fetch.js';
import type { Supergraph } from '../supergraph/supergraph.js';
import type { WebSocketStats } from '../subscriptions/websocket.js';
import { createFetchMetrics } from './fetch-metrics.js';
import { createOperationMetrics } from './operation-metrics.js';
import type { OnOperation } from './operation-report.js';

/** All that a gateway counts. Its parts know nothing of it but the two callbacks; the rest is read from them when somebody asks. */
export interface GatewayMetrics {
  readonly onFetch: OnFetch;
  readonly onOperation: OnOperation;
  observeSupergraph(supergraph: Pick<Supergraph, 'current'>): void;
  observeSockets(stats: () => WebSocketStats): void;
}

const circuitValues = { closed: 0, 'half-open': 1, open: 2 } as const;

export function createGatewayMetrics(registry: Registry): GatewayMetrics {
  return {
    onFetch: createFetchMetrics(registry),
    onOperation: createOperationMetrics(registry),
    observeSupergraph: (supergraph) => addSupergraphMetrics(registry, supergraph),
    observeSockets: (stats) => addSocketMetrics(registry, stats),
  };
}

function addSupergraphMetrics(registry: Registry, supergraph: Pick<Supergraph, 'current'>): void {
  const registers = [registry];
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

function addSocketMetrics(registry: Registry, stats: () => WebSocketStats): void {
  const registers = [registry];
  new Gauge({
    name: 'galaxia_websocket_connections',
    help: 'Open sockets of clients.',
    labelNames: ['state'],
    registers,
    collect() {
      const { sockets, uninitialised } = stats();
      this.set({ state: 'uninitialised' }, uninitialised);
      this.set({ state: 'initialised' }, sockets - uninitialised);
    },
  });
  new Gauge({
    name: 'galaxia_websocket_operations',
    help: 'Operations under way on sockets of clients.',
    labelNames: ['type'],
    registers,
    collect() {
      const { operations, subscriptions } = stats();
      this.set({ type: 'subscription' }, subscriptions);
      this.set({ type: 'other' }, Math.max(0, operations - subscriptions));
    },
  });
  new Counter({
    name: 'galaxia_websocket_results_total',
    help: 'Events and other results that were sent to sockets.',
    registers,
    collect() {
      this.reset();
      this.inc(stats().delivered);
    },
  });
  new Counter({
    name: 'galaxia_websocket_closes_total',
    help: 'Sockets that were closed, by the code: 1013 are clients too slow for their events, 4403 tokens that are over.',
    labelNames: ['code'],
    registers,
    collect() {
      this.reset();
      for (const [code, count] of stats().closes) this.inc({ code: code >= 1000 && code < 5000 ? code : 'other' }, count);
    },
  });
  new Counter({
    name: 'galaxia_websocket_refusals_total',
    help: 'Sockets that were not opened, by the HTTP status.',
    labelNames: ['status'],
    registers,
    collect() {
      this.reset();
      for (const [status, count] of stats().refusals) this.inc({ status }, count);
    },
  });
}
