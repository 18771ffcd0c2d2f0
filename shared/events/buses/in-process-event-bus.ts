import { createConsumerGroups, type ConsumerGroupsOptions } from './consumer-groups.js';
import type { EventBus } from '../event-bus.js';

/**
 * A bus for one process that keeps nothing: `publish` resolves only when every group has taken the events, and rejects when one could
 * not after a few attempts. The publisher's outbox is what makes it durable. Name in `groups` everyone who will subscribe: what a
 * crash left in an outbox is published as soon as its relay starts, maybe before the others have subscribed.
 */
export function createInProcessEventBus(options: ConsumerGroupsOptions): EventBus {
  const groups = createConsumerGroups(options);
  return {
    async publish(events) {
      await groups.complete();
      await groups.deliver(events);
    },
    subscribe: (consumer) => groups.add(consumer),
    // Lives and dies with the process.
    ping: () => Promise.resolve(),
    close: () => groups.close(),
  };
}
