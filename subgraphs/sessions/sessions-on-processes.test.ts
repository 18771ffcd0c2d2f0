import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { v7 as uuidv7 } from 'uuid';
import { createRevocations } from '../../shared/auth/revocations.js';
import type { Viewer } from '../../shared/auth/viewer.js';
import { createScope } from '../../shared/http/lifecycle.js';
import { createLogger } from '../../shared/logging/logger.js';
import { testDatabases, type OpenedDatabase } from '../../tests/testkit/services/databases.js';
import { startRedis } from '../../tests/testkit/services/redis.js';
import { orSkip } from '../../tests/testkit/services/services.js';
import { composeSessions, type SessionServices } from './compose-sessions.js';
import { createSessionsPrisma } from './data/prisma.js';
import { createRedisPresenceStore } from './data/redis-presence-store.js';
import { createPlainSql } from '../../shared/database/plain-sql.js';
import { createScheduler } from './presence/scheduler.js';
import type { SessionEvent } from './services/session-subscription.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const redis = orSkip('redis-server', await startRedis());
const databases = await testDatabases();
afterAll(async () => {
  await redis?.stop();
});

function newDevice(userId = uuidv7()): Viewer {
  const now = Date.now();
  return { userId, sessionId: uuidv7(), username: 'ada', roles: ['USER'], authenticatedAt: now, expiresAt: now + 600_000 };
}

// The last one: PostgreSQL where there is one.
const onRedis = redis === null ? describe.skip : describe;
onRedis.each(databases.slice(-1))('Two processes on $name and Redis', ({ open }) => {
  const scope = createScope();
  let opened: OpenedDatabase;
  let here: SessionServices;
  let there: SessionServices;
  let clockAhead = 0;

  async function startProcess(): Promise<SessionServices> {
    const database = await opened.again();
    const prisma = createSessionsPrisma(database);
    scope.defer(() => prisma.$disconnect());
    const store = createRedisPresenceStore({ url: redis?.url ?? '', logger });
    scope.defer(() => store.close());
    await store.ping();
    const now = () => Date.now() + clockAhead;
    return composeSessions({
      prisma,
      sql: createPlainSql(database),
      store,
      presence: {
        async endSession(session) {
          await store.endSession(session);
        },
        forget: () => Promise.resolve(),
      },
      revocations: createRevocations(now),
      onAnnounced: () => undefined,
      scheduler: createScheduler(now),
      logger,
      now,
      scope,
    });
  }

  beforeAll(async () => {
    opened = await open();
    scope.defer(() => opened.close());
    [here, there] = [await startProcess(), await startProcess()];
  });
  afterAll(() => scope.close());

  async function start({ sessionId: id, userId }: Viewer, lifetimeMs = 86_400_000): Promise<void> {
    const now = Date.now();
    const [startedAt, expiresAt] = [new Date(now), new Date(now + lifetimeMs)];
    await there.sessions.take({ kind: 'Started', id, userId, device: 'Phone', startedAt, expiresAt });
  }

  async function watch(viewer: Viewer) {
    const events = await here.sessionEvents.subscribe(viewer, undefined);
    return async (): Promise<SessionEvent> => {
      const result = await events.next();
      if (result.done === true) throw new Error('the subscription has ended');
      return result.value;
    };
  }

  it('tell on one what happens on the other', async () => {
    const phone = newDevice();
    const laptop = newDevice(phone.userId);
    await here.sessions.observe(phone);
    const next = await watch(phone);
    expect(await next()).toMatchObject({ kind: 'Snapshot', sessions: [{ id: phone.sessionId }] });
    await start(laptop);
    expect(await next()).toMatchObject({ kind: 'Started', session: { id: laptop.sessionId } });
    await there.sessionChanges.create(laptop, { data: { level: 3 } });
    expect(await next()).toMatchObject({ kind: 'Updated', session: { data: { level: 3 } } });
    await there.sessionEnds.end(laptop, laptop.sessionId);
    expect(await next()).toEqual({ kind: 'Ended', sessionId: laptop.sessionId, reason: 'ENDED' });
  });

  it('write the use of a session once a minute between them', async () => {
    const phone = newDevice();
    await start(phone);
    await here.sessions.observe(phone);
    await there.sessions.observe(phone);
    const [session] = await here.sessions.listOwn(phone);
    // The start was within the minute.
    expect(session?.lastSeenAt).toEqual(session?.startedAt);
  });

  it('let one of many win that build on the same version', async () => {
    const phone = newDevice();
    await start(phone);
    const change = (by: number) =>
      (by % 2 === 0 ? here : there).sessionChanges.update(phone, { id: phone.sessionId, data: by, expectedVersion: 0 });
    const all = await Promise.all(Array.from({ length: 20 }, (_, by) => change(by)));
    expect(all.map(({ kind }) => kind).sort()).toEqual([...Array<string>(19).fill('Conflict'), 'Updated']);
  });

  it('tell once that a session has expired, whichever finds it', async () => {
    const phone = newDevice();
    const laptop = newDevice(phone.userId);
    await start(phone, 86_400_000 * 2);
    await start(laptop, 3_600_000);
    const next = await watch(phone);
    await next();
    clockAhead = 3_600_000;
    expect(await next()).toEqual({ kind: 'Ended', sessionId: laptop.sessionId, reason: 'EXPIRED' });
    clockAhead = 0;
    await there.sessionChanges.create(phone, { data: 1 });
    expect(await next()).toMatchObject({ kind: 'Updated', session: { id: phone.sessionId } });
  }, 15_000);

  it('tell everything anew when Redis has lost what it knew', async () => {
    const phone = newDevice();
    await start(phone);
    const next = await watch(phone);
    await next();
    const connection = new Redis(redis?.url ?? '');
    await connection.flushall();
    await connection.quit();
    // Whatever is asked of it next meets a Redis that has forgotten everything.
    await there.sessionChanges.create(phone, { data: { level: 4 } });
    const seen: SessionEvent[] = [];
    while (!seen.some(({ kind }) => kind === 'Snapshot')) seen.push(await next());
    // The change itself comes with it or after it.
    while (!JSON.stringify(seen).includes('"data":{"level":4}')) seen.push(await next());
  }, 30_000);
});
