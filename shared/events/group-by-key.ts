import type { DomainEvent } from './event-bus.js';

/** `events` by key, in the given order within each. (`Map.groupBy` needs Node 21.) */
export function groupByKey(events: readonly DomainEvent[]): Map<string, DomainEvent[]> {
  const groups = new Map<string, DomainEvent[]>();
  for (const event of events) {
    const group = groups.get(event.key);
    if (group === undefined) groups.set(event.key, [event]);
    else group.push(event);
  }
  return groups;
}
