import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { startRedis, type TestRedis } from '../../../tests/testkit/services/redis.js';
import { orSkip } from '../../../tests/testkit/services/services.js';
import { createLogger } from '../../logging/logger.js';
import type { EventBus } from '../event-bus.js';
import { collector, describeEventBus, publishSurely, testEvent } from './event-bus.conformance.js';
import { createRedisEventBus, type RedisEventBusOptions } from './redis-event-bus.js';
import { until } from '../../../tests/testkit/until.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const server = orSkip('redis-server', await startRedis());
afterAll(() => server?.stop());

function open(redis: TestRedis, options: Partial<RedisEventBusOptions> = {}): EventBus {
  return createRedisEventBus({ url: redis.url, logger, leaseMs: 2000, backoff: () => 1, ...options });
}

(server === null ? describe.skip : describe)('The Redis event bus', () => {
  if (server === null) return;
  let stream = '';
  let redis: Redis;
  const buses: EventBus[] = [];
  const bus = (options: Partial<RedisEventBusOptions> = {}): EventBus => {
    const opened = open(server, { stream, ...options });
    buses.push(opened);
    return opened;
  };

  beforeAll(() => {
    redis = new Redis(server.url);
  });
  afterAll(() => redis.disconnect());
  afterEach(async () => {
    await Promise.all(buses.splice(0).map((each) => each.close()));
  });

  describeEventBus(async ({ groups }) => {
    stream = `test.${randomUUID()}`;
    for (const group of groups) {
      const earlier = bus();
      await earlier.subscribe(collector(group).consumer);
      await earlier.close();
    }
    return {
      publisher: bus(),
      member: () => Promise.resolve(bus()),
      close: async () => {
        await Promise.all(buses.splice(0).map((each) => each.close()));
      },
    };
  });

  it('keeps events for a group that is yet to be made', async () => {
    stream = `test.${randomUUID()}`;
    const event = testEvent('user-1');
    await bus().publish([event]);
    const { consumer, taken } = collector('users');
    await bus().subscribe(consumer);
    await until(() => taken.length > 0);
    expect(taken).toEqual([event]);
  });

  it('tells how many events there are, and how many of them a group has not taken', async () => {
    stream = `test.${randomUUID()}`;
    await expect(bus().stream?.('users')).rejects.toThrow();
    await redis.xgroup('CREATE', stream, 'users', '0', 'MKSTREAM');
    await bus().publish([testEvent('user-1', 1), testEvent('user-1', 2), testEvent('user-2', 3)]);
    await redis.xreadgroup('GROUP', 'users', 'reader', 'COUNT', 2, 'STREAMS', stream, '>');
    expect(await bus().stream?.('users')).toEqual({ entries: 3, untaken: 3 });
    const [oldest] = await redis.xrange(stream, '-', '+', 'COUNT', 1);
    await redis.xack(stream, 'users', oldest?.[0] ?? '');
    expect(await bus().stream?.('users')).toEqual({ entries: 3, untaken: 2 });
  });

  it('takes over what a member that died had read and not taken, in order', async () => {
    stream = `test.${randomUUID()}`;
    const events = [testEvent('user-1', 1), testEvent('user-1', 2), testEvent('user-2', 3)];
    // What a process leaves behind that was killed just after it had read.
    await redis.xgroup('CREATE', stream, 'users', '0', 'MKSTREAM');
    await redis.set(`${stream}.reader.users`, 'dead', 'PX', 300);
    const publisher = bus();
    await publisher.publish(events);
    await redis.xreadgroup('GROUP', 'users', 'dead', 'COUNT', 2, 'STREAMS', stream, '>');
    const { consumer, taken } = collector('users');
    await bus().subscribe(consumer);
    await until(() => taken.length >= 3);
    expect(taken.filter(({ key }) => key === 'user-1')).toEqual(events.slice(0, 2));
    expect((await redis.xpending(stream, 'users'))[0]).toBe(0);
  });

  it('gives to another member what one was handling when it lost the group', async () => {
    stream = `test.${randomUUID()}`;
    let wakeUp: () => void = () => undefined;
    let isStuck = false;
    const stuck = collector('users', () => {
      isStuck = true;
      return new Promise<void>((resolve) => {
        wakeUp = resolve;
      });
    });
    const event = testEvent('user-1');
    await bus().subscribe(stuck.consumer);
    await publishSurely(bus(), [event]);
    await until(() => isStuck);
    // As if it had been paused for longer than its lease.
    await redis.set(`${stream}.reader.users`, 'someone else', 'PX', 1500);
    const { consumer, taken } = collector('users');
    await bus().subscribe(consumer);
    await until(() => taken.length > 0);
    expect(taken).toEqual([event]);
    wakeUp();
  });

  it('has one member read at a time, and another when it leaves', async () => {
    stream = `test.${randomUUID()}`;
    const one = collector('users');
    const two = collector('users');
    const first = bus();
    const second = bus();
    const publisher = bus();
    await first.subscribe(one.consumer);
    await publishSurely(publisher, [testEvent('user-1', 1)]);
    await until(() => one.taken.length === 1);
    await second.subscribe(two.consumer);
    await publishSurely(publisher, [testEvent('user-1', 2)]);
    await until(() => one.taken.length === 2);
    await first.close();
    await publishSurely(publisher, [testEvent('user-1', 3)]);
    await until(() => two.taken.length === 1);
    expect(one.taken).toHaveLength(2);
  });

  it('trims what all groups have taken, and nothing that one still needs', async () => {
    stream = `test.${randomUUID()}`;
    const publisher = bus({ maxLength: 100 });
    await redis.xgroup('CREATE', stream, 'asleep', '0', 'MKSTREAM');
    const { consumer, taken } = collector('users');
    await bus().subscribe(consumer);
    const batch = () => Array.from({ length: 500 }, (_, n) => testEvent(`user-${String(n)}`, n));
    await publisher.publish(batch());
    await until(() => taken.length === 500);
    await publisher.publish(batch());
    await until(() => taken.length === 1000);
    expect(await redis.xlen(stream)).toBe(1000);

    await redis.xgroup('DESTROY', stream, 'asleep');
    await publisher.publish(batch());
    await until(() => taken.length === 1500);
    let length = 0;
    const measure = async () => (length = await redis.xlen(stream));
    await publisher.publish(batch());
    await measure();
    await until(() => {
      void measure();
      return length <= 700;
    });
    await until(() => taken.length === 2000);
  });

  it('passes over an entry that is no event, and goes on', async () => {
    stream = `test.${randomUUID()}`;
    const { consumer, taken } = collector('users');
    await bus().subscribe(consumer);
    await redis.xadd(stream, '*', 'event', 'not json');
    await redis.xadd(stream, '*', 'something', 'else');
    await publishSurely(bus(), [testEvent('user-1')]);
    await until(() => taken.length > 0);
    expect(taken).toHaveLength(1);
  });
});

(server === null ? describe.skip : describe)('The Redis event bus when Redis goes away', () => {
  it('rejects a publish, and after the return makes its groups again', async () => {
    const port = Number(new URL(server?.url ?? '').port);
    expect(port).toBeGreaterThan(0);
    let redis = await startRedis();
    if (redis === null) return;
    const bus = open(redis, { stream: 'galaxia.events' });
    try {
      const { consumer, taken } = collector('users');
      await bus.subscribe(consumer);
      await bus.publish([testEvent('user-1', 1)]);
      await until(() => taken.length === 1);
      await redis.stop();
      await expect(bus.publish([testEvent('user-1', 2)])).rejects.toThrow();
      redis = await startRedis({ port: Number(new URL(redis.url).port) });
      await publishSurely(bus, [testEvent('user-1', 3)]);
      await until(() => taken.length >= 2);
      expect(taken.map((event) => event.payload)).toContainEqual({ n: 3 });
    } finally {
      await bus.close();
      await redis?.stop();
    }
  });

  it('closes although Redis is away', async () => {
    const redis = await startRedis();
    if (redis === null) return;
    const bus = open(redis);
    await bus.subscribe(collector('users').consumer);
    await redis.stop();
    await bus.close();
  });
});
