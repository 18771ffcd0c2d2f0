/** A change that one subgraph announces to the others. */
export interface DomainEvent<Type extends string = string, Payload = unknown> {
  /** uuid; the same on every delivery, so that consumers can tell a repetition. */
  readonly id: string;
  readonly type: Type;
  /** Events of equal key arrive in the order in which they happened; the id of the user that the change is about. */
  readonly key: string;
  /** ISO 8601 in UTC. */
  readonly occurredAt: string;
  readonly payload: Payload;
}

export interface Consumer {
  /** Each group takes every event once, however many processes share it: the name of the subgraph. */
  readonly group: string;
  /** All members of a group name the same types: whatever a group does not name, it has taken. */
  readonly types: readonly string[];
  /**
   * Resolves when the event has taken effect for good. When it throws, the event is delivered again, later and later, until it
   * succeeds; so it must be idempotent (see inbox.ts). It must not publish: announce through the outbox instead.
   */
  handle(event: DomainEvent): Promise<void>;
}

/** The process is stopping; what is not published waits in the outbox for the next start. */
export class EventBusClosedError extends Error {
  override readonly name = 'EventBusClosedError';

  constructor() {
    super('The event bus is closed');
  }
}

/**
 * Carries events between subgraphs, at least once, in order per key.
 *
 * An event that a consumer cannot take is never dropped and never overtaken by a later event of its key, because the second change of
 * a user without the first would be wrong data. So one bad event holds up its group's events of that one key, and no others, and is
 * logged at every attempt until the consumer is mended. Two publishes under way at once have no order between them.
 */
export interface EventBus {
  /** Resolves when the bus answers for the events: nothing that was published is lost after that. Rejects when it cannot. */
  publish(events: readonly DomainEvent[]): Promise<void>;
  /** Starts delivering to `consumer`, first what its group has not taken yet. */
  subscribe(consumer: Consumer): Promise<void>;
  ping(): Promise<void>;
  /** Of a bus that keeps events: how many there are, and how many of them a group has yet to take. */
  readonly stream?: (group: string) => Promise<{ readonly entries: number; readonly untaken: number }>;
  /** Stops delivery and waits for the handlers under way. */
  close(): Promise<void>;
}
