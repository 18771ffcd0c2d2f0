import { Gauge, type Registry } from 'prom-client';
import { createTally, type Count } from '../../shared/telemetry/tally.js';
import type { OnCached } from '../caching/cached-source.js';

/** Counts what was there of answers, and what was not. */
export function createCacheMetrics(registry: Registry): OnCached {
  const items = createTally(registry, {
    name: 'galaxia_answer_cache_requests_total',
    help: 'Objects and whole answers that a subgraph was to give: kept (hit), asked for by somebody else at that moment (shared), or asked for (miss). Of subgraph * it is whole operations.',
    labelNames: ['subgraph', 'result'],
  });
  const subgraphs = new Map<string, Readonly<Record<'hits' | 'shared' | 'misses', Count>>>();
  return ({ subgraph, hits, shared, misses }) => {
    let counts = subgraphs.get(subgraph);
    if (counts === undefined) {
      counts = { hits: items.of(subgraph, 'hit'), shared: items.of(subgraph, 'shared'), misses: items.of(subgraph, 'miss') };
      subgraphs.set(subgraph, counts);
    }
    counts.hits.value += hits;
    counts.shared.value += shared;
    counts.misses.value += misses;
  };
}

export function addCacheGauges(registry: Registry, stats: () => { readonly entries: number; readonly bytes: number }): void {
  const registers = [registry];
  new Gauge({
    name: 'galaxia_answer_cache_entries',
    help: 'Objects and whole answers of subgraphs that are kept in memory.',
    registers,
    collect() {
      this.set(stats().entries);
    },
  });
  new Gauge({
    name: 'galaxia_answer_cache_bytes',
    help: 'Memory that they take.',
    registers,
    collect() {
      this.set(stats().bytes);
    },
  });
}
