import type { QueueLoad } from '../background/queue-load.js';
import type { SubgraphGauge } from './subgraph-gauges.js';

/** Tells of the queue in which a subgraph's heaviest work waits. */
export function queueGauges(load: () => QueueLoad): readonly SubgraphGauge[] {
  return [
    { name: 'galaxia_queue_waiting', help: 'Tasks that wait for their turn.', read: () => load().waiting },
    { name: 'galaxia_queue_oldest_seconds', help: 'How long the first of them waits.', read: () => load().oldestMs / 1000 },
    { name: 'galaxia_queue_tasks_total', help: 'Tasks that were begun.', isCounter: true, read: () => load().begun },
    {
      name: 'galaxia_queue_wait_seconds_total',
      help: 'How long those that were begun waited, altogether.',
      isCounter: true,
      read: () => load().waitedMs / 1000,
    },
    {
      name: 'galaxia_queue_refused_total',
      help: 'Tasks that were refused because too many waited, or waited for too long.',
      isCounter: true,
      read: () => load().refused,
    },
  ];
}
