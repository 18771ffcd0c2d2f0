import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Logger } from '../../logging/logger.js';
import type { Backoff } from '../../background/backoff.js';
import type { Consumer, DomainEvent } from '../event-bus.js';
import { createKeyedQueue } from './keyed-queue.js';
import { createRedisGroup, type Entry } from './redis-group.js';

export interface GroupReaderOptions {
  readonly commands: Redis;
  /** A connection of its own, because a blocking read holds up everything behind it. */
  readonly blocking: Redis;
  readonly stream: string;
  readonly consumer: Consumer;
  /** Unique among the readers of the group. */
  readonly member: string;
  readonly logger: Logger;
  readonly leaseMs: number;
  readonly backoff: Backoff;
}

export interface GroupReader {
  /** Waits for the handlers under way and lets the next member take over. */
  close(): Promise<void>;
}

const batchSize = 100;
/**
 * Events read and not yet taken, waiting ones included. When so many are stuck, the fault is not one bad event but, say, the database:
 * reading on would only fill the memory.
 */
const mostInHand = 1000;
const blockMs = 1000;

/** Makes the group when it is new, from the beginning of the stream, and reads for it whenever this member has its lease. */
export async function startGroupReader(options: GroupReaderOptions): Promise<GroupReader> {
  const { consumer, logger, leaseMs, backoff } = options;
  const group = createRedisGroup({ ...options, group: consumer.group });
  const closing = new AbortController();
  const isClosing = (): boolean => closing.signal.aborted;
  const queue = createKeyedQueue();
  let inHand = 0;
  let roomMade: () => void = () => undefined;

  await group.ensure();

  /** Until the event has taken effect, or the tenure is over and the entry is left to the next reader. */
  async function handle(event: DomainEvent, tenure: AbortSignal): Promise<boolean> {
    for (let failures = 0; !tenure.aborted;) {
      try {
        await consumer.handle(event);
        return true;
      } catch (error) {
        failures += 1;
        const about = { err: error, group: consumer.group, eventId: event.id, type: event.type, key: event.key, failures };
        logger[failures > 3 ? 'error' : 'warn'](about, 'an event was not taken, and holds up its key');
        await delay(backoff(failures), undefined, { signal: tenure }).catch(() => undefined);
      }
    }
    return false;
  }

  function dispatch({ id, event }: Entry, tenure: AbortSignal): void {
    if (event === undefined) {
      logger.error({ group: consumer.group, entry: id }, 'an entry of the stream is not an event, and was passed over');
    }
    if (event === undefined || !consumer.types.includes(event.type)) {
      // A failure ends the tenure elsewhere too; the entry is then read again.
      group.acknowledge(id).catch((error: unknown) => logger.warn({ err: error, entry: id }, 'an entry was not acknowledged'));
      return;
    }
    inHand += 1;
    queue
      .run(event.key, async () => {
        if (await handle(event, tenure)) await group.acknowledge(id);
      })
      .catch((error: unknown) => logger.warn({ err: error, entry: id }, 'an entry was not acknowledged'))
      .finally(() => {
        inHand -= 1;
        roomMade();
      });
  }

  async function read(tenure: AbortSignal): Promise<void> {
    const isOver = (): boolean => tenure.aborted;
    await group.ensure();
    for (const entry of await group.claimPending()) dispatch(entry, tenure);
    let last = await group.lastDelivered();
    while (!isOver()) {
      if (inHand >= mostInHand) {
        await new Promise<void>((resolve) => {
          roomMade = resolve;
          tenure.addEventListener('abort', () => resolve(), { once: true });
        });
        continue;
      }
      const entries = await group.take(batchSize);
      if (entries === 'lease lost') return;
      for (const entry of entries) dispatch(entry, tenure);
      last = entries.at(-1)?.id ?? last;
      if (entries.length === 0 && !isOver()) await group.untilNewer(last, blockMs);
    }
  }

  /** Reads for the group for as long as the lease can be renewed. */
  async function serve(): Promise<void> {
    const tenure = new AbortController();
    const end = (): void => tenure.abort();
    closing.signal.addEventListener('abort', end);
    let expiry = setTimeout(end, leaseMs);
    const renewal = setInterval(() => {
      group.lease(leaseMs).then(
        (isOurs) => {
          clearTimeout(expiry);
          if (isOurs && !tenure.signal.aborted) expiry = setTimeout(end, leaseMs);
          else end();
        },
        () => end(),
      );
    }, leaseMs / 3);
    try {
      await read(tenure.signal);
    } finally {
      end();
      clearInterval(renewal);
      clearTimeout(expiry);
      closing.signal.removeEventListener('abort', end);
      // The same entries may come again in the next tenure, which must not overtake these handlers.
      await queue.idle();
    }
  }

  async function run(): Promise<void> {
    while (!isClosing()) {
      try {
        if (await group.lease(leaseMs)) await serve();
        await delay(leaseMs / 10, undefined, { signal: closing.signal }).catch(() => undefined);
      } catch (error) {
        if (isClosing()) return;
        logger.warn({ err: error, group: consumer.group }, 'events cannot be read');
        await delay(1000, undefined, { signal: closing.signal }).catch(() => undefined);
      }
    }
  }

  const running = run();

  return {
    async close() {
      closing.abort();
      // Ends the blocking read. (Between two attempts to connect ioredis would forget what waits, without an answer.)
      if (options.blocking.status !== 'reconnecting') options.blocking.disconnect();
      await running;
      await group.release().catch(() => undefined);
    },
  };
}
