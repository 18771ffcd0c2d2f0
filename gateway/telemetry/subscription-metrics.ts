import { Counter, Gauge, type Registry } from 'prom-client';
import type { ParsedOperation } from '../operations/operation-store.js';
import type { CountsOf, SubscriptionCounts } from '../subscriptions/live-clients.js';

/** Counts subscriptions by the name of their operation. What is counted are plain numbers: each result of each subscriber is. */
export function createSubscriptionMetrics(registry: Registry, nameOf: (operation: ParsedOperation) => string): CountsOf {
  const registers = [registry];
  const byName = new Map<string, SubscriptionCounts>();
  const byOperation = new WeakMap<ParsedOperation, SubscriptionCounts>();

  new Gauge({
    name: 'galaxia_subscriptions_running',
    help: 'Subscriptions of clients that run.',
    labelNames: ['operation'],
    registers,
    collect() {
      for (const [operation, { running }] of byName) this.set({ operation }, running);
    },
  });
  for (const [name, help, of] of [
    ['galaxia_subscriptions_started_total', 'Subscriptions of clients that began.', 'started'],
    ['galaxia_subscription_results_total', 'Results of subscriptions that were sent without an error.', 'results'],
  ] as const) {
    new Counter({
      name,
      help,
      labelNames: ['operation'],
      registers,
      collect() {
        this.reset();
        for (const [operation, counts] of byName) this.inc({ operation }, counts[of]);
      },
    });
  }

  return (operation) => {
    const known = byOperation.get(operation);
    if (known !== undefined) return known;
    const name = nameOf(operation);
    const counts = byName.get(name) ?? { started: 0, running: 0, results: 0 };
    byName.set(name, counts);
    byOperation.set(operation, counts);
    return counts;
  };
}
