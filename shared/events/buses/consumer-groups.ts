import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../logging/logger.js';
import { exponentialBackoff, type Backoff } from '../../background/backoff.js';
import { EventBusClosedError, type Consumer, type DomainEvent } from '../event-bus.js';
import { groupByKey } from '../group-by-key.js';
import { createKeyedQueue } from './keyed-queue.js';
import { createSameTypesRule } from './same-types-rule.js';

export interface ConsumerGroupsOptions {
  /** Groups that exist before their consumer subscribes: until then an event is not taken. */
  readonly groups?: readonly string[];
  readonly logger: Logger;
  /** How often a handler may fail before `deliver` gives up and leaves it to the publisher's outbox. */
  readonly attempts?: number;
  readonly backoff?: Backoff;
}

/** The consumers of one process, by group. */
export interface ConsumerGroups {
  /** Rejects a consumer that takes other types than its group does. */
  add(consumer: Consumer): Promise<void>;
  /** Resolves when every group of the options has subscribed. */
  complete(): Promise<void>;
  isComplete(): boolean;
  /**
   * Resolves when each group that wants them has taken all events. Rejects when some handler kept failing; the later events of that key
   * were then not delivered to that group, all others were.
   */
  deliver(events: readonly DomainEvent[]): Promise<void>;
  /** Gives up retries and waits for the handlers under way. */
  close(): Promise<void>;
}

export function createConsumerGroups({
  groups: expected = [],
  logger,
  attempts = 4,
  backoff = exponentialBackoff({ first: 50, most: 1000 }),
}: ConsumerGroupsOptions): ConsumerGroups {
  const groups = new Map<string, Consumer[]>();
  const requireSameTypes = createSameTypesRule();
  const queue = createKeyedQueue();
  const closing = new AbortController();
  const waiting = new Set<() => void>();
  let turn = 0;

  const isComplete = (): boolean => expected.every((group) => groups.has(group));

  async function handle(consumer: Consumer, event: DomainEvent): Promise<void> {
    for (let failures = 0; ;) {
      closing.signal.throwIfAborted();
      try {
        await consumer.handle(event);
        return;
      } catch (error) {
        failures += 1;
        logger.warn({ err: error, group: consumer.group, eventId: event.id, type: event.type, failures }, 'an event was not taken');
        if (failures >= attempts) throw error;
        await delay(backoff(failures), undefined, { signal: closing.signal });
      }
    }
  }

  return {
    async add(consumer) {
      await requireSameTypes(consumer);
      groups.set(consumer.group, [...(groups.get(consumer.group) ?? []), consumer]);
      if (isComplete()) for (const resume of waiting) resume();
    },
    isComplete,
    async complete() {
      if (!isComplete()) {
        await new Promise<void>((resolve) => {
          waiting.add(resolve);
          closing.signal.addEventListener('abort', () => resolve(), { once: true });
        });
      }
      closing.signal.throwIfAborted();
    },
    async deliver(events) {
      closing.signal.throwIfAborted();
      const deliveries = [...groups.values()].flatMap((members) =>
        [...groupByKey(wanted(members, events))].map(([key, ofKey]) =>
          queue.run(JSON.stringify([members[0]?.group, key]), async () => {
            for (const event of ofKey) {
              const member = members[turn++ % members.length];
              if (member !== undefined) await handle(member, event);
            }
          }),
        ),
      );
      const failed = (await Promise.allSettled(deliveries)).filter((result) => result.status === 'rejected');
      if (failed.length > 0) {
        throw new AggregateError(
          failed.map((result) => result.reason as unknown),
          'Some events were not taken by all consumers',
        );
      }
    },
    async close() {
      closing.abort(new EventBusClosedError());
      await queue.idle();
    },
  };
}

function wanted(members: readonly Consumer[], events: readonly DomainEvent[]): DomainEvent[] {
  return events.filter((event) => members[0]?.types.includes(event.type) === true);
}
