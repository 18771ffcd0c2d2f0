import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { v7 as uuidv7 } from 'uuid';
import type { Database } from '../../../shared/database/database.js';
import { createDomainEvent } from '../../../shared/events/domain-events.js';
import type { DomainEvent, EventBus } from '../../../shared/events/event-bus.js';
import { createInProcessEventBus } from '../../../shared/events/buses/in-process-event-bus.js';
import { createLogger } from '../../../shared/logging/logger.js';
import { createRateLimits } from '../../../shared/rate-limits/rate-limits.js';
import { startRedis } from '../../../tests/testkit/services/redis.js';
import { orSkip } from '../../../tests/testkit/services/services.js';
import { openMigratedEmbedded } from '../../../tests/testkit/services/migrated-embedded.js';
import { createUserEventStream, type UserEventStream } from '../data/redis-user-events.js';
import { toUserEventAnnouncement } from '../data/user-event.js';
import { createUsersSubgraph } from '../subgraph.js';

const redis = orSkip('redis-server', await startRedis());
afterAll(() => redis?.stop());

const logger = createLogger({ name: 'test', level: 'silent' });
const at = Date.UTC(2026, 0, 31, 12, 0, 0, 123);

interface OldEvent {
  readonly type: string;
  readonly id: number;
  readonly username?: string;
  readonly avatar?: string | null;
  readonly timestamp: number;
}

/** Reads `user.events` as the services before this one did: the second element of an entry's fields, and a number as id. */
function createOldReader(url: string) {
  const client = new Redis(url);
  let last = '0';
  return {
    client,
    /** Waits until there are `count`. */
    async read(count: number): Promise<OldEvent[]> {
      const events: OldEvent[] = [];
      while (events.length < count) {
        const answer = await client.xread('COUNT', 1_000, 'BLOCK', 15_000, 'STREAMS', 'user.events', last);
        if (answer === null) throw new Error(`Only ${String(events.length)} of ${String(count)} events came`);
        for (const [id, fields] of answer[0]?.[1] ?? []) {
          const event = JSON.parse(fields[1] ?? '') as OldEvent;
          if (typeof event.id !== 'number') throw new Error(`No number: ${fields[1] ?? ''}`);
          events.push(event);
          last = id;
        }
      }
      return events;
    },
    close: () => client.disconnect(),
  };
}

const describeWithRedis = redis === null ? describe.skip : describe;
const redisUrl = redis?.url ?? '';

describeWithRedis('The stream user.events', () => {
  let reader: ReturnType<typeof createOldReader>;
  beforeEach(async () => {
    reader = createOldReader(redisUrl);
    await reader.client.flushall();
  });
  afterEach(() => reader.close());

  describe('of the users subgraph', () => {
    let database: Database;
    let bus: EventBus;
    let close: () => Promise<void>;

    async function start(userEvents: { redisUrl: string; maxLength: number } | null): Promise<void> {
      bus = createInProcessEventBus({ logger });
      const subgraph = await createUsersSubgraph({
        database,
        bus,
        accessTokens: { verify: () => Promise.resolve(null) },
        rateLimits: createRateLimits({ redisUrl: undefined, scale: 1, logger }),
        userEvents,
        logger,
      });
      close = async () => {
        await bus.close();
        await subgraph.close();
      };
    }

    beforeAll(async () => {
      database = await openMigratedEmbedded();
    });
    afterAll(() => database.close());
    afterEach(() => close());

    /** As auth and images announce them. */
    function eventsOf(userId: string, legacyId: number | undefined) {
      const now = () => at;
      return {
        registered: createDomainEvent('user.registered', {
          key: userId,
          now,
          payload: { userId, username: 'Ada', createdAt: new Date(at).toISOString(), legacyId },
        }),
        renamed: createDomainEvent('user.renamed', {
          key: userId,
          now,
          payload: { userId, username: 'Countess', previousUsername: 'Ada' },
        }),
        avatar: createDomainEvent('avatar.changed', { key: userId, now, payload: { userId, avatarUrl: '/media/ada' } }),
        deleted: createDomainEvent('user.deleted', { key: userId, now, payload: { userId, legacyId: legacyId ?? 0 } }),
      };
    }

    it('is told nothing, and nothing waits to be told, where there is no Redis', async () => {
      await start(null);
      const userId = uuidv7();
      await bus.publish(Object.values(eventsOf(userId, 7)));
      const [row] = await countUserEvents(database);
      expect(row).toBe(0);
      expect(await reader.client.exists('user.events')).toBe(0);
    });

    it('tells a reader of the old services of each change once, in order, and of a deletion after it', async () => {
      await start({ redisUrl, maxLength: 1_000 });
      const userId = uuidv7();
      const { registered, renamed, avatar, deleted } = eventsOf(userId, 7);
      // At least once is what a bus promises.
      for (const event of [registered, registered, renamed, avatar, renamed, deleted, deleted]) await bus.publish([event]);
      const event = { id: 7, timestamp: at, userId };
      expect(await reader.read(4)).toEqual([
        { ...event, type: 'USER_CREATED', username: 'Ada', eventId: registered.id },
        { ...event, type: 'USER_UPDATED', username: 'Countess', avatar: null, eventId: renamed.id },
        { ...event, type: 'USER_UPDATED', username: 'Countess', avatar: '/media/ada', eventId: avatar.id },
        { ...event, type: 'USER_DELETED', eventId: deleted.id },
      ]);
      expect(await reader.client.xlen('user.events')).toBe(4);
    });

    it('tells nothing of a user whom the readers cannot know, nor of one who is gone', async () => {
      await start({ redisUrl, maxLength: 1_000 });
      const [numberless, gone, last] = [eventsOf(uuidv7(), undefined), eventsOf(uuidv7(), 8), eventsOf(uuidv7(), 9)];
      await bus.publish([numberless.registered, numberless.renamed, gone.avatar, last.registered]);
      expect(await reader.read(1)).toMatchObject([{ type: 'USER_CREATED', id: 9 }]);
    });

    it('tells what happened while Redis was away, once it is back', async () => {
      const own = await startRedis();
      if (own === null) throw new Error('redis-server is gone');
      await start({ redisUrl: own.url, maxLength: 1_000 });
      await own.stop();
      const { registered } = eventsOf(uuidv7(), 10);
      await bus.publish([registered]);
      const back = await startRedis({ port: Number(new URL(own.url).port) });
      const later = createOldReader(own.url);
      try {
        expect(await later.read(1)).toMatchObject([{ type: 'USER_CREATED', id: 10, eventId: registered.id }]);
      } finally {
        later.close();
        await close();
        await back?.stop();
        close = () => Promise.resolve();
      }
    });
  });

  describe('itself', () => {
    let stream: UserEventStream;
    beforeEach(() => {
      stream = createUserEventStream({ url: redisUrl, maxLength: 100, logger });
    });
    afterEach(() => stream.close());

    const created = (legacyId: number): DomainEvent =>
      toUserEventAnnouncement(
        { type: 'USER_CREATED', legacyId, username: `user_${String(legacyId)}` },
        { eventId: uuidv7(), userId: uuidv7(), occurredAt: new Date(at).toISOString() },
      );

    it('refuses what is no user event, and appends nothing of it, but takes the next', async () => {
      const faulty = { ...created(1), payload: { type: 'USER_CREATED', legacyId: 'one' } };
      await expect(stream.publish([created(2), faulty])).rejects.toThrow();
      await stream.publish([created(3)]);
      expect(await reader.read(1)).toMatchObject([{ id: 3 }]);
    });

    it('has each event once, also when two publish the same at once, and a part of it again', async () => {
      const other = createUserEventStream({ url: redisUrl, maxLength: 100, logger });
      const events = Array.from({ length: 20 }, (_, index) => created(index));
      await Promise.all([stream.publish(events), other.publish(events), stream.publish(events.slice(0, 5))]);
      await other.publish(events.slice(10));
      await other.close();
      expect((await reader.read(20)).map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, index) => index));
      expect(await reader.client.xlen('user.events')).toBe(20);
    });

    it('has `data` as the first field', async () => {
      await stream.publish([created(1)]);
      const [entry] = await reader.client.xrange('user.events', '-', '+');
      expect(entry?.[1][0]).toBe('data');
    });

    it('keeps about as many events as it is told to', async () => {
      for (let batch = 0; batch < 10; batch += 1) await stream.publish(Array.from({ length: 100 }, (_, index) => created(index)));
      // Redis trims by whole nodes of 100 entries.
      expect(await reader.client.xlen('user.events')).toBeLessThanOrEqual(200);
      expect(await reader.client.xlen('user.events')).toBeGreaterThanOrEqual(100);
    });
  });
});

async function countUserEvents(database: Database): Promise<number[]> {
  const connection = await database.adapter.connect();
  const { rows } = await connection.queryRaw({
    sql: `SELECT count(*)::int FROM users.outbox_event WHERE type = 'legacy.user'`,
    args: [],
    argTypes: [],
  });
  await connection.dispose();
  return rows.map(([count]) => Number(count));
}
