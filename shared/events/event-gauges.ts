import { createLatest } from '../telemetry/latest.js';
import type { SubgraphGauge } from '../telemetry/subgraph-gauges.js';
import type { EventBus } from './event-bus.js';
import type { OutboxRelay } from './outbox/outbox.js';

/** What operators may want to know of the events that a subgraph announces and takes. `group` is the one that it takes them by. */
export function eventGauges({
  relay,
  bus,
  group,
}: {
  readonly relay: Pick<OutboxRelay, 'backlog'>;
  readonly bus: Pick<EventBus, 'stream'>;
  readonly group: string;
}): readonly SubgraphGauge[] {
  // Two of them tell of the same.
  const backlog = createLatest(() => relay.backlog());
  const stream = createLatest(async () => bus.stream?.(group));
  return [
    {
      name: 'galaxia_outbox_events',
      help: 'Events that are committed and not published yet; 10000 stands for more.',
      read: async () => (await backlog())?.events,
    },
    {
      name: 'galaxia_outbox_oldest_seconds',
      help: 'How long the oldest event that is not published waits.',
      read: async () => inSeconds((await backlog())?.oldestMs),
    },
    {
      name: 'galaxia_event_stream_untaken_events',
      help: 'Events in the stream of Redis that the subgraph has not taken yet.',
      read: async () => (await stream())?.untaken,
    },
    {
      name: 'galaxia_event_stream_entries',
      help: 'Events in the stream of Redis, taken or not.',
      read: async () => (await stream())?.entries,
    },
  ];
}

function inSeconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}
