import { domainEvents, type DomainEventType, type TypedDomainEvent } from './domain-events.js';
import type { Consumer } from './event-bus.js';

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
      if (!isKnown(event.type)) throw new Error(`Group ${group} takes no events of type ${event.type}`);
      await take(handlers, { ...event, type: event.type });
    },
  };
}

async function take<Type extends DomainEventType>(
  handlers: EventHandlers,
  event: { id: string; type: Type; key: string; occurredAt: string; payload: unknown },
): Promise<void> {
  const handler: ((typed: TypedDomainEvent<Type>) => Promise<void>) | undefined = handlers[event.type];
  const payload = domainEvents[event.type].parse(event.payload) as TypedDomainEvent<Type>['payload'];
  await handler?.({ ...event, payload });
}

function isKnown(type: string): type is DomainEventType {
  return Object.hasOwn(domainEvents, type);
}
