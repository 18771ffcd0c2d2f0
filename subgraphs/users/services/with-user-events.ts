import type { EventBus } from '../../../shared/events/event-bus.js';
import type { UserEventStream } from '../data/redis-user-events.js';
import { userEventType } from '../data/user-event.js';

/** A bus whose `publish` hands user events to their stream, and all else to `bus`: one outbox serves both, and each waits for either. */
export function withUserEvents(bus: EventBus, stream: UserEventStream): Pick<EventBus, 'publish'> {
  return {
    async publish(events) {
      await stream.publish(events.filter(({ type }) => type === userEventType));
      const others = events.filter(({ type }) => type !== userEventType);
      if (others.length > 0) await bus.publish(others);
    },
  };
}
