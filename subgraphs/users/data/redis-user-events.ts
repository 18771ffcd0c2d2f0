import { Redis } from 'ioredis';
import type { DomainEvent } from '../../../shared/events/event-bus.js';
import { disconnect, within } from '../../../shared/redis/redis-connection.js';
import type { Logger } from '../../../shared/logging/logger.js';
import { toUserEventJson } from './user-event.js';

/** The stream `user.events` on Redis, for readers of the services that this one replaces. */
export interface UserEventStream {
  /** Appends those that the stream has not had, in the given order. Rejects when Redis cannot be asked; some may have been appended. */
  publish(announcements: readonly DomainEvent[]): Promise<void>;
  close(): Promise<void>;
}

export interface UserEventStreamOptions {
  readonly url: string;
  /** About how many events the stream keeps. */
  readonly maxLength: number;
  readonly logger: Logger;
  readonly stream?: string;
}

/** How long an event is remembered, to tell its repetition: longer than an outbox with a crash behind it is likely to wait. In ms. */
const rememberedMs = 7 * 24 * 3_600_000;
const timeoutMs = 5_000;

/**
 * The outbox publishes at least once. What was appended is remembered by its id in the same step, so that a repetition, also one of a
 * process that has lost its lease in between, appends nothing.
 */
const appendOnce = `
  local stream, known = KEYS[1], KEYS[2]
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('ZREMRANGEBYSCORE', known, '-inf', now - ARGV[2])
  for each = 3, #ARGV, 2 do
    if not redis.call('ZSCORE', known, ARGV[each]) then
      redis.call('XADD', stream, 'MAXLEN', '~', ARGV[1], '*', 'data', ARGV[each + 1])
      redis.call('ZADD', known, now, ARGV[each])
    end
  end`;

export function createUserEventStream({ url, maxLength, logger, stream = 'user.events' }: UserEventStreamOptions): UserEventStream {
  let isClosing = false;
  const redis = new Redis(url, {
    // Fails early: the outbox keeps what could not be published.
    maxRetriesPerRequest: 1,
    // Null gives up, so that nothing is left after the close.
    retryStrategy: (times) => (isClosing ? null : Math.min(2_000, times * 100)),
  });
  redis.on('error', (error) => logger.warn({ err: error, stream }, 'the connection to Redis has a fault'));

  return {
    async publish(announcements) {
      if (announcements.length === 0) return;
      const entries = announcements.flatMap((announcement) => [announcement.id, toUserEventJson(announcement)]);
      await within(timeoutMs, redis.eval(appendOnce, 2, stream, `${stream}.published`, maxLength, rememberedMs, ...entries));
    },
    close() {
      isClosing = true;
      return disconnect(redis);
    },
  };
}
