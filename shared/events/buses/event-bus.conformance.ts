import { randomUUID } from 'node:crypto';
import { afterEach, expect, it } from '@jest/globals';
import type { Consumer, DomainEvent, EventBus } from '../event-bus.js';
import { until } from '../../../tests/testkit/until.js';

/** Processes that share a bus. */
export interface Deployment {
  readonly publisher: EventBus;
  /** The bus of a process with consumers; another process each time, where the implementation serves several of one subgraph. */
  readonly member: () => Promise<EventBus>;
  close(): Promise<void>;
}

/** `groups` have existed before: what they have not taken yet waits for them. */
export type Deploy = (options: { groups: readonly string[] }) => Promise<Deployment>;

export function testEvent(key: string, n = 0, type = 'test.happened'): DomainEvent<string, { n: number }> {
  return { id: randomUUID(), type, key, occurredAt: new Date(0).toISOString(), payload: { n } };
}

/** Publishes until it succeeds, as the outbox relay does. */
export async function publishSurely(bus: EventBus, events: readonly DomainEvent[]): Promise<void> {
  for (;;) {
    try {
      await bus.publish(events);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** A consumer that remembers what it took. */
export function collector(group: string, handle: (event: DomainEvent) => Promise<void> = () => Promise.resolve()) {
  const taken: DomainEvent[] = [];
  const consumer: Consumer = {
    group,
    types: ['test.happened'],
    async handle(event) {
      await handle(event);
      taken.push(event);
    },
  };
  return { consumer, taken };
}

function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open: () => open(), opened };
}

const ids = (events: readonly DomainEvent[]) => events.map((event) => event.id);

/** What every event bus must do. */
export function describeEventBus(deploy: Deploy): void {
  const deployments: Deployment[] = [];
  const start = async (...groups: string[]) => {
    const deployment = await deploy({ groups });
    deployments.push(deployment);
    return deployment;
  };

  afterEach(async () => {
    await Promise.all(deployments.splice(0).map((deployment) => deployment.close()));
  });

  it('delivers an event whole, and only the types that the consumer names', async () => {
    const { publisher, member } = await start();
    const { consumer, taken } = collector('users');
    await (await member()).subscribe(consumer);
    const event = testEvent('user-1', 7);
    await publishSurely(publisher, [testEvent('user-1', 1, 'test.other'), event]);
    await until(() => taken.length > 0);
    expect(taken).toEqual([event]);
  });

  it('delivers the events of one key in order, over several publishes and slow handlers', async () => {
    const { publisher, member } = await start();
    const { consumer, taken } = collector('users', async (event) => {
      for (let turns = event.id.charCodeAt(0) % 5; turns > 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve));
    });
    await (await member()).subscribe(consumer);
    const events = Array.from({ length: 200 }, (_, n) => testEvent(`user-${String(n % 10)}`, n));
    for (let from = 0; from < events.length; from += 50) await publishSurely(publisher, events.slice(from, from + 50));
    await until(() => taken.length >= events.length);
    for (const key of new Set(events.map((event) => event.key))) {
      expect(ids(taken.filter((event) => event.key === key))).toEqual(ids(events.filter((event) => event.key === key)));
    }
  });

  it('delivers again what a handler could not take, before later events of that key', async () => {
    const { publisher, member } = await start();
    let failures = 0;
    const { consumer, taken } = collector('users', (event) => {
      if (event.id !== first.id || failures === 2) return Promise.resolve();
      failures += 1;
      return Promise.reject(new Error('not yet'));
    });
    const first = testEvent('user-1', 1);
    const second = testEvent('user-1', 2);
    await (await member()).subscribe(consumer);
    await publishSurely(publisher, [first, second]);
    await until(() => taken.length >= 2);
    expect(ids(taken)).toEqual([first.id, second.id]);
    expect(failures).toBe(2);
  });

  it('lets a bad event hold up its own key alone, for as long as it stays bad', async () => {
    const { publisher, member } = await start();
    let attempts = 0;
    let isMended = false;
    const { consumer, taken } = collector('users', (event) => {
      if (event.id !== bad.id || isMended) return Promise.resolve();
      attempts += 1;
      return Promise.reject(new Error('poison'));
    });
    const bad = testEvent('user-1', 1);
    const behind = testEvent('user-1', 2);
    const other = testEvent('user-2', 3);
    await (await member()).subscribe(consumer);
    const published = Promise.all([publishSurely(publisher, [bad, behind]), publishSurely(publisher, [other])]);
    await until(() => taken.length > 0 && attempts > 5);
    expect(ids(taken)).toEqual([other.id]);
    isMended = true;
    await until(() => taken.length >= 3);
    expect(ids(taken)).toEqual([other.id, bad.id, behind.id]);
    await published;
  });

  it('gives each of two groups all events', async () => {
    const { publisher, member } = await start();
    const users = collector('users');
    const sessions = collector('sessions');
    const bus = await member();
    await bus.subscribe(users.consumer);
    await bus.subscribe(sessions.consumer);
    const events = [testEvent('user-1', 1), testEvent('user-1', 2)];
    await publishSurely(publisher, events);
    await until(() => users.taken.length >= 2 && sessions.taken.length >= 2);
    expect(ids(users.taken)).toEqual(ids(events));
    expect(ids(sessions.taken)).toEqual(ids(events));
  });

  it('keeps one group going when another cannot take an event', async () => {
    const { publisher, member } = await start();
    const broken = collector('sessions', () => Promise.reject(new Error('poison')));
    const users = collector('users');
    const bus = await member();
    await bus.subscribe(broken.consumer);
    await bus.subscribe(users.consumer);
    const event = testEvent('user-1');
    await publisher.publish([event]).catch(() => undefined);
    await until(() => users.taken.length > 0);
    expect(ids(users.taken)).toEqual([event.id]);
    expect(broken.taken).toEqual([]);
  });

  it('gives an event to one of the members of a group', async () => {
    const { publisher, member } = await start();
    const one = collector('users');
    const two = collector('users');
    await (await member()).subscribe(one.consumer);
    await (await member()).subscribe(two.consumer);
    const events = Array.from({ length: 20 }, (_, n) => testEvent(`user-${String(n)}`, n));
    await publishSurely(publisher, events);
    await until(() => one.taken.length + two.taken.length >= 20);
    expect(ids([...one.taken, ...two.taken]).sort()).toEqual(ids(events).sort());
  });

  it('keeps for an existing group what was published before it subscribed', async () => {
    const { publisher, member } = await start('users');
    const event = testEvent('user-1');
    const published = publishSurely(publisher, [event]);
    const { consumer, taken } = collector('users');
    await (await member()).subscribe(consumer);
    await until(() => taken.length > 0);
    await published;
    expect(ids(taken)).toEqual([event.id]);
  });

  it('waits at close for the handlers under way', async () => {
    const { publisher, member } = await start();
    const { open, opened } = gate();
    let isRunning = false;
    const { consumer, taken } = collector('users', () => {
      isRunning = true;
      return opened;
    });
    const bus = await member();
    await bus.subscribe(consumer);
    const published = publisher.publish([testEvent('user-1')]);
    await until(() => isRunning);
    let isClosed = false;
    const closing = bus.close().then(() => {
      isClosed = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isClosed).toBe(false);
    open();
    await closing;
    expect(taken).toHaveLength(1);
    await published;
  });

  it('refuses a second consumer of a group that takes other types', async () => {
    const { member } = await start();
    const bus = await member();
    await bus.subscribe(collector('users').consumer);
    await expect(bus.subscribe({ group: 'users', types: ['test.other'], handle: () => Promise.resolve() })).rejects.toThrow(/same types/);
  });

  it('publishes nothing without complaint, and answers a ping', async () => {
    const { publisher } = await start();
    await publisher.publish([]);
    await publisher.ping();
  });

  it('refuses to publish after close', async () => {
    const { publisher } = await start();
    await publisher.close();
    await expect(publisher.publish([testEvent('user-1')])).rejects.toThrow(/closed/);
  });
}
