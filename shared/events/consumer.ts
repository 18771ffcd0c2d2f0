import { domainEvents, type DomainEventType, type TypedDomainEvent } from './domain-events.js';
import type { Consumer, DomainEvent } from './event-bus.js';

/** What a subgraph does with each type of event that it takes. */
export type EventHandlers = { readonly [Type in DomainEventType]?: (event: TypedDomainEvent<Type>) => Promise<void> };

/**
 * A consumer of the types that `handlers` names. A payload that is not of its type's shape makes `handle` throw, so that the event
 * stays, is logged and is taken after the fault is mended.
 */
export function createConsumer(group: string, handlers: EventHandlers): Consumer {
  return {
    group,
    types: Object.keys(handlers),
    async handle(event) {
      const { type } = event;
      if (!isKnown(type)) throw new Error(`Group ${group} takes no events of type ${type}`);
      // Whatever has the shape of `type` is what its handler takes, which TypeScript does not follow through the index.
      const handler = handlers[type] as ((event: DomainEvent) => Promise<void>) | undefined;
      await handler?.({ ...event, payload: domainEvents[type].parse(event.payload) });
    },
  };
}

function isKnown(type: string): type is DomainEventType {
  return Object.hasOwn(domainEvents, type);
}
