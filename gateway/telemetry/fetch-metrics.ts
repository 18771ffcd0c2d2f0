import { Histogram, type Registry } from 'prom-client';
import { durationBuckets } from '../../shared/telemetry/metrics-registry.js';
import { createTally, type Count } from '../../shared/telemetry/tally.js';
import type { FetchReport, OnFetch } from '../datasources/on-fetch.js';

interface SubgraphCounts {
  readonly durations: Map<FetchReport['outcome'], { observe(seconds: number): void }>;
  readonly bytes: Count;
  readonly retries: Count;
}

/** Counts requests to subgraphs. */
export function createFetchMetrics(registry: Registry): OnFetch {
  const durations = new Histogram({
    name: 'galaxia_subgraph_fetch_duration_seconds',
    help: 'Requests to a subgraph with their retries, by what came of them.',
    labelNames: ['subgraph', 'outcome'],
    buckets: durationBuckets,
    registers: [registry],
  });
  const bytes = createTally(registry, {
    name: 'galaxia_subgraph_received_bytes_total',
    help: 'Bodies of the answers of a subgraph over HTTP.',
    labelNames: ['subgraph'],
  });
  const retries = createTally(registry, {
    name: 'galaxia_subgraph_retries_total',
    help: 'Requests to a subgraph that were sent once more.',
    labelNames: ['subgraph'],
  });
  const subgraphs = new Map<string, SubgraphCounts>();

  function countsOf(subgraph: string): SubgraphCounts {
    let counts = subgraphs.get(subgraph);
    if (counts === undefined) {
      counts = { durations: new Map(), bytes: bytes.of(subgraph), retries: retries.of(subgraph) };
      subgraphs.set(subgraph, counts);
    }
    return counts;
  }

  return ({ subgraph, outcome, ms, bytes: received, retries: repeated }) => {
    const counts = countsOf(subgraph);
    let observer = counts.durations.get(outcome);
    if (observer === undefined) {
      observer = durations.labels(subgraph, outcome);
      counts.durations.set(outcome, observer);
    }
    observer.observe(ms / 1000);
    counts.bytes.value += received;
    counts.retries.value += repeated;
  };
}
