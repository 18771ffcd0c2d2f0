import { randomUUID } from 'node:crypto';
import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from '../../logging/logger.js';
import { exponentialBackoff, type Backoff } from '../../background/backoff.js';
import { EventBusClosedError, type EventBus } from '../event-bus.js';
import { disconnect, within } from '../../redis/redis-connection.js';
import { createSameTypesRule } from './same-types-rule.js';
import { readGroups } from './redis-group.js';
import { startGroupReader, type GroupReader } from './redis-group-reader.js';
import { trimTaken } from './redis-trim.js';

/** Not ioredis' `commandTimeout`, whose timers outlive the commands of a transaction. */
const publishTimeoutMs = 5000;

export interface RedisEventBusOptions {
  readonly url: string;
  readonly logger: Logger;
  readonly stream?: string;
  /**
   * A group's reader that died is replaced after this long, and a little more. One that only stood still for so long loses its place as
   * well, with what it was doing: its successor takes the same events again, in their order, and the inboxes let each take effect once.
   */
  readonly leaseMs?: number;
  readonly backoff?: Backoff;
  /** Above this many events, those that every group has taken are removed from the stream. */
  readonly maxLength?: number;
}

/**
 * A bus over one Redis stream with a consumer group per subgraph, for any number of processes. Redis must keep its data over a restart
 * (`appendonly yes`), since an event counts as published as soon as Redis has it.
 *
 * A stream hands the events of one key to whichever member of a group asks first, so several readers would break the order. Therefore
 * one member at a time reads for its group, by a lease, and takes different keys side by side; the others stand by to replace it.
 */
export function createRedisEventBus({
  url,
  logger,
  stream = 'galaxia.events',
  leaseMs = 3_000,
  backoff = exponentialBackoff({ first: 200, most: 60_000 }),
  maxLength = 10_000,
}: RedisEventBusOptions): EventBus {
  const connections: Redis[] = [];
  const readers: GroupReader[] = [];
  const requireSameTypes = createSameTypesRule();
  let sinceTrimming = 0;
  let trimming: Promise<void> = Promise.resolve();
  let closing: Promise<void> | undefined;

  function connect(options: RedisOptions): Redis {
    const redis = new Redis(url, {
      ...options,
      // Null gives up, so that what still waits for Redis at close ends.
      retryStrategy: (times) => (closing !== undefined ? null : Math.min(2000, times * 100)),
    });
    redis.on('error', (error) => logger.warn({ err: error, stream }, 'the connection to Redis has a fault'));
    connections.push(redis);
    return redis;
  }

  // Fails early: the outbox keeps what could not be published.
  const publisher = connect({ maxRetriesPerRequest: 1 });

  function trimSometimes(published: number): void {
    sinceTrimming += published;
    if (sinceTrimming < maxLength / 10) return;
    sinceTrimming = 0;
    trimming = trimTaken({ redis: publisher, stream, maxLength, logger }).catch((error: unknown) =>
      logger.warn({ err: error, stream }, 'the stream could not be trimmed'),
    );
  }

  async function close(): Promise<void> {
    await Promise.all(readers.map((reader) => reader.close()));
    await trimming;
    await Promise.all(connections.map(disconnect));
  }

  return {
    async publish(events) {
      if (closing !== undefined) throw new EventBusClosedError();
      if (events.length === 0) return;
      const transaction = publisher.multi();
      for (const event of events) transaction.xadd(stream, '*', 'event', JSON.stringify(event));
      const results = await within(publishTimeoutMs, transaction.exec());
      if (results === null) throw new Error('Redis did not run the transaction');
      for (const [error] of results) if (error !== null) throw error;
      trimSometimes(events.length);
    },
    async subscribe(consumer) {
      if (closing !== undefined) throw new EventBusClosedError();
      await requireSameTypes(consumer);
      readers.push(
        await startGroupReader({
          // These wait for as long as Redis is away.
          commands: connect({ maxRetriesPerRequest: null, enableAutoPipelining: true }),
          blocking: connect({ maxRetriesPerRequest: null }),
          stream,
          consumer,
          member: randomUUID(),
          logger,
          leaseMs,
          backoff,
        }),
      );
    },
    async ping() {
      await publisher.ping();
    },
    async stream(group) {
      const [entries, groups] = await Promise.all([publisher.xlen(stream), readGroups(publisher, stream)]);
      const { lag, pending } = groups.find(({ name }) => name === group) ?? { lag: undefined, pending: 0 };
      // Redis knows no lag of a group when entries from the middle of the stream were deleted, which nobody does.
      return { entries, untaken: (lag ?? entries) + pending };
    },
    close: () => (closing ??= close()),
  };
}
