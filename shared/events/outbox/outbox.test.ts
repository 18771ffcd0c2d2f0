import { PGlite } from '@electric-sql/pglite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { createLogger } from '../../logging/logger.js';
import { EventBusClosedError, type DomainEvent, type EventBus } from '../event-bus.js';
import { collector, testEvent } from '../buses/event-bus.conformance.js';
import { createInProcessEventBus } from '../buses/in-process-event-bus.js';
import { takeOnce } from './inbox.js';
import { createOutboxRelay, toOutboxRow, type OutboxRelay, type OutboxRelayOptions } from './outbox.js';
import type { RawDatabase } from '../../database/raw-database.js';
import { until } from '../../../tests/testkit/until.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const day = 86_400_000;

/** As the migrations of every subgraph make them. */
const tables = `
  CREATE SCHEMA test;
  CREATE TABLE test.outbox_event (
    sequence BIGSERIAL PRIMARY KEY, id UUID NOT NULL UNIQUE, type TEXT NOT NULL, key TEXT NOT NULL, payload JSONB NOT NULL,
    occurred_at TIMESTAMPTZ(3) NOT NULL, published_at TIMESTAMPTZ(3));
  CREATE TABLE test.outbox_lease (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until TIMESTAMPTZ(3) NOT NULL);
  CREATE TABLE test.inbox_event (id UUID PRIMARY KEY, taken_at TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP);`;

type Queryable = Pick<PGlite, 'query'>;

function rawDatabase(client: Queryable): RawDatabase {
  return {
    $queryRawUnsafe: async <Rows>(sql: string, ...values: unknown[]) => (await client.query(sql, values)).rows as Rows,
    $executeRawUnsafe: async (sql: string, ...values: unknown[]) => (await client.query(sql, values)).affectedRows ?? 0,
  };
}

async function write(client: Queryable, events: readonly DomainEvent[]): Promise<void> {
  for (const { id, type, key, payload, occurredAt } of events.map(toOutboxRow)) {
    await client.query('INSERT INTO test.outbox_event (id, type, key, payload, occurred_at) VALUES ($1, $2, $3, $4, $5)', [
      id,
      type,
      key,
      JSON.stringify(payload),
      occurredAt,
    ]);
  }
}

/** A bus that remembers what was published, or refuses it. */
function fakeBus(refuses: (event: DomainEvent) => boolean = () => false) {
  const published: DomainEvent[] = [];
  let attempts = 0;
  const bus: EventBus = {
    publish(events) {
      attempts += 1;
      if (events.some(refuses)) return Promise.reject(new Error('refused'));
      published.push(...events);
      return Promise.resolve();
    },
    subscribe: () => Promise.resolve(),
    ping: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  return { bus, published, attempts: () => attempts };
}

const ids = (events: readonly DomainEvent[]) => events.map((event) => event.id);

describe('The outbox', () => {
  let client: PGlite;
  let database: RawDatabase;
  const relays: OutboxRelay[] = [];

  beforeAll(async () => {
    client = await PGlite.create();
    await client.exec(tables);
    database = rawDatabase(client);
  });
  beforeEach(() => client.exec('TRUNCATE test.outbox_event, test.outbox_lease, test.inbox_event'));
  afterEach(async () => {
    await Promise.all(relays.splice(0).map((relay) => relay.close()));
  });
  afterAll(() => client.close());

  function start(options: Partial<OutboxRelayOptions> & Pick<OutboxRelayOptions, 'bus'>): OutboxRelay {
    const relay = createOutboxRelay({ database, schema: 'test', logger, pollMs: 5, backoff: () => 5, ...options });
    relays.push(relay);
    return relay;
  }

  async function count(condition: string): Promise<number> {
    const { rows } = await client.query<{ count: number }>(`SELECT count(*)::int AS count FROM test.outbox_event WHERE ${condition}`);
    return rows[0]?.count ?? NaN;
  }

  async function untilAllPublished(): Promise<void> {
    let open = Number.NaN;
    await until(() => {
      void count('published_at IS NULL').then((counted) => (open = counted));
      return open === 0;
    });
  }

  it('publishes nothing of a transaction that was rolled back', async () => {
    const { bus, published } = fakeBus();
    const kept = testEvent('user-1');
    await expect(
      client.transaction(async (tx) => {
        await write(tx, [testEvent('user-1')]);
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    start({ bus });
    await write(client, [kept]);
    await until(() => published.length > 0);
    expect(published).toEqual([kept]);
  });

  it('tells how many events wait, and how long the oldest has', async () => {
    const relay = start({ bus: fakeBus(() => true).bus });
    expect(await relay.backlog()).toEqual({ events: 0, oldestMs: 0 });
    await write(client, [testEvent('user-1'), testEvent('user-2'), testEvent('user-2')]);
    await client.query(`UPDATE test.outbox_event SET occurred_at = clock_timestamp() - interval '90 s' WHERE key = 'user-1'`);
    const { events, oldestMs } = await relay.backlog();
    expect(events).toBe(3);
    expect(oldestMs).toBeGreaterThanOrEqual(90_000);
    await client.query(`UPDATE test.outbox_event SET published_at = now() WHERE key = 'user-1'`);
    expect((await relay.backlog()).events).toBe(2);
  });

  it('publishes at a wake what was committed, without waiting for the next poll', async () => {
    const { bus, published } = fakeBus();
    const relay = start({ bus, pollMs: 3_600_000 });
    const event = testEvent('user-1', 3);
    await write(client, [event]);
    relay.wake();
    await until(() => published.length > 0);
    expect(published).toEqual([event]);
    await untilAllPublished();
  });

  it('looks once more after a batch, though nobody wakes it, and gives up its lease when nothing came', async () => {
    const [first, second] = [testEvent('user-1', 1), testEvent('user-1', 2)];
    const { bus, published } = fakeBus();
    const relay = start({
      bus: {
        async publish(events) {
          await bus.publish(events);
          if (published.length === 1) await write(client, [second]);
        },
      },
      pollMs: 3_600_000,
      restMs: 1,
    });
    await write(client, [first]);
    relay.wake();
    await until(() => published.length === 2);
    expect(published).toEqual([first, second]);
    let leases = Number.NaN;
    await until(() => {
      void client.query<{ count: number }>('SELECT count(*)::int AS count FROM test.outbox_lease').then(({ rows }) => {
        leases = rows[0]?.count ?? NaN;
      });
      return leases === 0;
    });
  });

  it('publishes at once what wakes it while it rests, seven times over; what comes on in a stream waits for the next batch', async () => {
    const { bus, published, attempts } = fakeBus();
    const relay = start({ bus, pollMs: 3_600_000, restMs: 1_000 });
    for (let number = 1; number <= 8; number += 1) {
      await write(client, [testEvent('user-1', number)]);
      relay.wake();
      await until(() => published.length === number);
      await untilAllPublished();
    }
    for (const number of [9, 10]) {
      await write(client, [testEvent('user-1', number)]);
      relay.wake();
    }
    await until(() => published.length > 8);
    expect([published.length, attempts()]).toEqual([10, 9]);
  });

  it('rests no longer than until it is closed', async () => {
    const { bus, published } = fakeBus();
    const relay = start({ bus, restMs: 3_600_000 });
    await write(client, [testEvent('user-1')]);
    await until(() => published.length > 0);
    await untilAllPublished();
    await relay.close();
  });

  it('publishes after a restart what was committed and not published before a crash', async () => {
    const events = Array.from({ length: 250 }, (_, n) => testEvent(`user-${String(n % 7)}`, n));
    await write(client, events);
    const { bus, published } = fakeBus();
    start({ bus });
    await untilAllPublished();
    expect(ids(published)).toEqual(ids(events));
  });

  it('publishes again after a crash between publishing and marking, and a consumer with an inbox takes it once', async () => {
    const event = testEvent('user-1');
    await write(client, [event]);
    const bus = createInProcessEventBus({ logger });
    let effects = 0;
    let deliveries = 0;
    await bus.subscribe({
      group: 'users',
      types: [event.type],
      handle: (delivered) =>
        client.transaction(async (tx) => {
          deliveries += 1;
          if (await takeOnce(rawDatabase(tx), 'test', delivered.id)) effects += 1;
        }),
    });
    // Published, then killed before the row was marked.
    await bus.publish([event]);
    start({ bus });
    await untilAllPublished();
    expect({ deliveries, effects }).toEqual({ deliveries: 2, effects: 1 });
    await bus.close();
  });

  it("has no effect in the inbox when the consumer's transaction is rolled back", async () => {
    const { id } = testEvent('user-1');
    await expect(
      client.transaction(async (tx) => {
        expect(await takeOnce(rawDatabase(tx), 'test', id)).toBe(true);
        throw new Error('the handler failed');
      }),
    ).rejects.toThrow('the handler failed');
    expect(await takeOnce(database, 'test', id)).toBe(true);
    expect(await takeOnce(database, 'test', id)).toBe(false);
  });

  it('keeps every row while the bus is down, and publishes all in order when it is back', async () => {
    let isDown = true;
    const { bus, published, attempts } = fakeBus(() => isDown);
    const events = [testEvent('user-1', 1), testEvent('user-2', 2), testEvent('user-1', 3)];
    await write(client, events);
    start({ bus });
    await until(() => attempts() > 6);
    expect(await count('published_at IS NOT NULL')).toBe(0);
    isDown = false;
    await untilAllPublished();
    for (const key of ['user-1', 'user-2']) {
      expect(ids(published.filter((event) => event.key === key))).toEqual(ids(events.filter((event) => event.key === key)));
    }
  });

  it("sets aside the key of an event that is refused, and publishes everyone else's", async () => {
    let isMended = false;
    const bad = testEvent('user-1', 1);
    const behind = testEvent('user-1', 2);
    const { bus, published, attempts } = fakeBus(({ id }) => id === bad.id && !isMended);
    await write(client, [bad, testEvent('user-2', 3), behind, testEvent('user-3', 4)]);
    start({ bus });
    await until(() => published.length === 2 && attempts() > 8);
    expect(published.map((event) => event.key).sort()).toEqual(['user-2', 'user-3']);
    isMended = true;
    await untilAllPublished();
    expect(ids(published).slice(2)).toEqual([bad.id, behind.id]);
  });

  it('waits longer after each refusal, by the clock', async () => {
    let time = 0;
    let polls = 0;
    const { bus, attempts } = fakeBus(() => true);
    const counted: RawDatabase = {
      ...database,
      $queryRawUnsafe: (sql, ...values) => {
        if (sql.includes('LIMIT 1')) polls += 1;
        return database.$queryRawUnsafe(sql, ...values);
      },
    };
    const someMorePolls = async () => {
      const after = polls + 3;
      await until(() => polls >= after);
    };
    await write(client, [testEvent('user-1')]);
    start({ bus, database: counted, now: () => time, backoff: (failures) => failures * 1000 });
    await until(() => attempts() === 1);
    time = 999;
    await someMorePolls();
    expect(attempts()).toBe(1);
    time = 1000;
    await until(() => attempts() === 2);
    time = 2999;
    await someMorePolls();
    expect(attempts()).toBe(2);
    time = 3000;
    await until(() => attempts() === 3);
  });

  it('publishes each row once and in order when two relays run', async () => {
    const { bus, published } = fakeBus();
    start({ bus, batchSize: 7 });
    start({ bus, batchSize: 7 });
    const events = Array.from({ length: 100 }, (_, n) => testEvent(`user-${String(n % 3)}`, n));
    for (let from = 0; from < events.length; from += 10) {
      await write(client, events.slice(from, from + 10));
      for (const relay of relays) relay.wake();
    }
    await untilAllPublished();
    expect(ids(published)).toEqual(ids(events));
  });

  it('takes over the lease of a relay that died, not of one that lives', async () => {
    const { bus, published } = fakeBus();
    await client.query(`INSERT INTO test.outbox_lease VALUES ('relay', 'other', clock_timestamp() + interval '1 hour')`);
    await write(client, [testEvent('user-1')]);
    let polls = 0;
    const counted: RawDatabase = {
      ...database,
      $executeRawUnsafe: (sql, ...values) => {
        if (sql.includes('outbox_lease AS lease')) polls += 1;
        return database.$executeRawUnsafe(sql, ...values);
      },
    };
    start({ bus, database: counted });
    await until(() => polls > 3);
    expect(published).toEqual([]);
    await client.query(`UPDATE test.outbox_lease SET until = clock_timestamp() - interval '1 millisecond'`);
    await until(() => published.length === 1);
  });

  it('takes over at once the lease that a crash left of a relay that was alone', async () => {
    const { bus, published } = fakeBus();
    await client.query(`INSERT INTO test.outbox_lease VALUES ('relay', 'alone', clock_timestamp() + interval '1 hour')`);
    const event = testEvent('user-1');
    await write(client, [event]);
    start({ bus, isAlone: true });
    await until(() => published.length > 0);
    expect(published).toEqual([event]);
  });

  it('stops without a complaint when the bus has closed before it, and leaves the rows for the next start', async () => {
    const complaints: unknown[] = [];
    let attempts = 0;
    const closed: EventBus = {
      ...fakeBus().bus,
      publish() {
        attempts += 1;
        return Promise.reject(new EventBusClosedError());
      },
    };
    await write(client, [testEvent('user-1'), testEvent('user-2')]);
    const listening = pino({ level: 'error' }, { write: (line: string) => complaints.push(line) });
    const relay = start({ bus: closed, logger: listening });
    await until(() => attempts > 0);
    await relay.close();
    expect({ attempts, complaints }).toEqual({ attempts: 1, complaints: [] });
    expect(await count('published_at IS NULL')).toBe(2);
  });

  it('keeps its lease while a consumer is slower than the lease', async () => {
    let finish: () => void = () => undefined;
    const slow = fakeBus();
    const gate = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const bus: EventBus = {
      ...slow.bus,
      publish: async (events) => {
        await gate;
        await slow.bus.publish(events);
      },
    };
    let renewals = 0;
    const counted: RawDatabase = {
      ...database,
      $executeRawUnsafe: (sql, ...values) => {
        if (sql.includes('outbox_lease AS lease')) renewals += 1;
        return database.$executeRawUnsafe(sql, ...values);
      },
    };
    await write(client, [testEvent('user-1')]);
    start({ bus, database: counted, leaseMs: 900 });
    const other = fakeBus();
    start({ bus: other.bus });
    await until(() => renewals > 4);
    finish();
    await untilAllPublished();
    expect([slow.published.length, other.published.length]).toEqual([1, 0]);
  });

  it('deletes published rows after 7 days and taken ids after 30, and never what is unpublished', async () => {
    let isDown = true;
    const { bus } = fakeBus(() => isDown);
    const now = Date.now();
    const [old, recent, open] = [testEvent('user-1'), testEvent('user-1'), testEvent('user-1')];
    await write(client, [old, recent, open]);
    const mark = (event: DomainEvent, at: number) =>
      client.query('UPDATE test.outbox_event SET published_at = $1 WHERE id = $2', [new Date(at), event.id]);
    await mark(old, now - 7 * day - 1000);
    await mark(recent, now - 7 * day + 60_000);
    await client.query('INSERT INTO test.inbox_event VALUES ($1, $2), ($3, $4)', [
      old.id,
      new Date(now - 30 * day - 1000),
      recent.id,
      new Date(now - 30 * day + 60_000),
    ]);
    start({ bus, now: () => now });
    let left: string[] = [];
    await until(() => {
      void client.query<{ id: string }>('SELECT id FROM test.outbox_event ORDER BY sequence').then(({ rows }) => {
        left = rows.map(({ id }) => id);
      });
      return left.length === 2;
    });
    expect(left).toEqual([recent.id, open.id]);
    await relays[0]?.close();
    expect((await client.query('SELECT id FROM test.inbox_event')).rows).toEqual([{ id: recent.id }]);
    isDown = false;
  });

  it('goes on after the database was away for a while', async () => {
    let isAway = true;
    const { bus, published } = fakeBus();
    const flaky: RawDatabase = {
      ...database,
      $queryRawUnsafe: (sql, ...values) => (isAway ? Promise.reject(new Error('away')) : database.$queryRawUnsafe(sql, ...values)),
    };
    await write(client, [testEvent('user-1')]);
    start({ bus, database: flaky });
    isAway = false;
    await until(() => published.length === 1);
  });

  it('delivers by way of the in-process bus to a consumer', async () => {
    const bus = createInProcessEventBus({ logger });
    const { consumer, taken } = collector('users');
    await bus.subscribe(consumer);
    const event = testEvent('user-1', 5);
    await write(client, [event]);
    start({ bus });
    await until(() => taken.length > 0);
    expect(taken).toEqual([event]);
    await relays[0]?.close();
    await bus.close();
  });
});
