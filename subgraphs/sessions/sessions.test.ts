import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { graphql, parse, subscribe, type ExecutionResult } from 'graphql';
import { v7 as uuidv7 } from 'uuid';
import { createRevocations, type Revocations } from '../../shared/auth/revocations.js';
import type { Viewer } from '../../shared/auth/viewer.js';
import type { Database } from '../../shared/database/database.js';
import { AppError, unauthenticated } from '../../shared/errors/app-error.js';
import { createDomainEvent } from '../../shared/events/domain-events.js';
import type { EventBus } from '../../shared/events/event-bus.js';
import { createInProcessEventBus } from '../../shared/events/buses/in-process-event-bus.js';
import { createLogger } from '../../shared/logging/logger.js';
import { openMigratedEmbedded } from '../../tests/testkit/services/migrated-embedded.js';
import { createSessionsPrisma } from './data/prisma.js';
import { createSessionsSubgraph, type SessionsSubgraph } from './subgraph.js';
import { until } from '../../tests/testkit/until.js';

const logger = createLogger({ name: 'test', level: 'silent' });

interface Device {
  readonly userId: string;
  readonly sessionId: string;
}

function newDevice(userId = uuidv7()): Device {
  return { userId, sessionId: uuidv7() };
}

let database: Database;
let bus: EventBus;
let revocations: Revocations;
let subgraph: SessionsSubgraph;
let clockAhead = 0;

const tokenOf = ({ userId, sessionId }: Device): string => `Bearer ${userId}/${sessionId}`;

/** A token that says who it is for; the signature is tested where tokens are verified. */
const accessTokens = {
  verify(authorization: string | undefined): Promise<Viewer | null> {
    if (authorization === undefined) return Promise.resolve(null);
    const [userId = '', sessionId = ''] = authorization.replace('Bearer ', '').split('/');
    if (revocations.isRevoked(sessionId)) return Promise.reject(unauthenticated());
    const now = Date.now() + clockAhead;
    return Promise.resolve({ userId, sessionId, username: 'ada', roles: ['USER'], authenticatedAt: now, expiresAt: now + 600_000 });
  },
};

beforeAll(async () => {
  database = await openMigratedEmbedded();
  bus = createInProcessEventBus({ logger });
  revocations = createRevocations();
  subgraph = await createSessionsSubgraph({ database, bus, accessTokens, revocations, logger, now: () => Date.now() + clockAhead });
});
afterAll(async () => {
  await subgraph.close();
  await bus.close();
  await database.close();
});

async function run(who: Device | null, source: string, variableValues: Record<string, unknown> = {}): Promise<ExecutionResult> {
  const contextValue = await subgraph.createContext(who === null ? {} : { authorization: tokenOf(who) });
  const result = await graphql({ schema: subgraph.schema, source, variableValues, contextValue });
  // As it goes over the wire.
  return { ...result, data: JSON.parse(JSON.stringify(result.data ?? null)) as Record<string, unknown> };
}

function codeOf({ errors }: ExecutionResult): string | undefined {
  const error = errors?.[0]?.originalError;
  return error instanceof AppError ? error.code : error?.message;
}

async function start({ userId, sessionId }: Device, device: string | null = 'Phone', lifetimeMs = 30 * 86_400_000): Promise<void> {
  const now = Date.now() + clockAhead;
  const [startedAt, expiresAt] = [new Date(now).toISOString(), new Date(now + lifetimeMs).toISOString()];
  await bus.publish([createDomainEvent('session.started', { key: userId, payload: { sessionId, userId, device, startedAt, expiresAt } })]);
}

async function refresh({ userId, sessionId }: Device, refreshed: Date, lifetimeMs = 30 * 86_400_000): Promise<void> {
  const [refreshedAt, expiresAt] = [refreshed.toISOString(), new Date(refreshed.getTime() + lifetimeMs).toISOString()];
  await bus.publish([createDomainEvent('session.refreshed', { key: userId, payload: { sessionId, userId, refreshedAt, expiresAt } })]);
}

const create = (who: Device | null, input: object) =>
  run(
    who,
    `mutation ($input: CreateSessionInput!) { createSession(input: $input) { __typename
      ... on CreateSessionPayload { created session { id data version device } } ... on InvalidInputError { fields { path code } } } }`,
    { input },
  );
const update = (who: Device | null, input: object) =>
  run(
    who,
    `mutation ($input: UpdateSessionInput!) { updateSession(input: $input) { __typename
      ... on SessionPayload { session { id data version device } } ... on SessionConflictError { code session { id data version } }
      ... on SessionNotFoundError { code } ... on InvalidInputError { fields { path code } } } }`,
    { input },
  );

async function watch(who: Device) {
  const result = await subscribe({
    schema: subgraph.schema,
    document: parse(`subscription { sessionEvents { __typename
      ... on SessionSnapshot { sessions { id device current data } } ... on SessionStarted { session { id device } }
      ... on SessionUpdated { session { id device data version expiresAt } } ... on SessionEnded { sessionId reason } } }`),
    contextValue: await subgraph.createContext({ authorization: tokenOf(who) }, { id: uuidv7(), signal: new AbortController().signal }),
  });
  if (!(Symbol.asyncIterator in result)) throw new Error(JSON.stringify(result.errors));
  return {
    async next(): Promise<Record<string, unknown>> {
      const { value } = await result.next();
      return (JSON.parse(JSON.stringify(value)) as { data: { sessionEvents: Record<string, unknown> } }).data.sessionEvents;
    },
    leave: () => result.return(undefined),
  };
}

describe('Without a good token', () => {
  it('nothing is kept, changed, ended or told, and no session verified', async () => {
    expect(codeOf(await create(null, { data: 1 }))).toBe('UNAUTHENTICATED');
    expect(codeOf(await update(null, { id: uuidv7(), data: 1 }))).toBe('UNAUTHENTICATED');
    expect(codeOf(await run(null, 'mutation { endOtherSessions { sessionIds } }'))).toBe('UNAUTHENTICATED');
    const source = parse('subscription { sessionEvents { __typename } }');
    const result = await subscribe({ schema: subgraph.schema, document: source, contextValue: await subgraph.createContext({}) });
    expect(codeOf(result as ExecutionResult)).toBe('UNAUTHENTICATED');
    expect((await run(null, '{ verifySession { id } }')).data).toEqual({ verifySession: null });
  });

  it('a session that another process has ended is refused before this one has heard of the revocation', async () => {
    const device = newDevice();
    await run(device, '{ mySessions { id } }');
    const prisma = createSessionsPrisma(database);
    await prisma.session.update({ where: { id: device.sessionId }, data: { endedAt: new Date(), endReason: 'LOGOUT' } });
    await prisma.$disconnect();
    expect(codeOf(await run(device, '{ verifySession { id } }'))).toBe('UNAUTHENTICATED');
    expect(codeOf(await create(device, { data: 1 }))).toBe('UNAUTHENTICATED');
    expect(codeOf(await run(device, 'mutation { endOtherSessions { sessionIds } }'))).toBe('UNAUTHENTICATED');
  });
});

describe('The data of a session', () => {
  it('is not changed, nor shown, by anybody else', async () => {
    const [ada, bob] = [newDevice(), newDevice()];
    await create(ada, { data: 'secret' });
    expect((await update(bob, { id: ada.sessionId, data: 'mine', expectedVersion: 7 })).data).toEqual({
      updateSession: { __typename: 'SessionNotFoundError', code: 'SESSION_NOT_FOUND' },
    });
    expect((await run(bob, 'query ($id: ID!) { session(id: $id) { data } }', { id: ada.sessionId })).data).toEqual({ session: null });
    expect((await run(ada, '{ verifySession { data version } }')).data).toEqual({ verifySession: { data: 'secret', version: 1 } });
  });

  it('is refused with the code of each rule that it breaks, as a literal and as a variable', async () => {
    const ada = newDevice();
    const invalid = (path: string, code: string) => ({ __typename: 'InvalidInputError', fields: [{ path, code }] });
    expect((await create(ada, { data: 'x'.repeat(16_383) })).data).toEqual({ createSession: invalid('data', 'TOO_LONG') });
    expect((await create(ada, { data: ['\0'] })).data).toEqual({ createSession: invalid('data', 'INVALID_CHARACTER') });
    expect((await create(ada, { data: '\ud800' })).data).toEqual({ createSession: invalid('data', 'INVALID_CHARACTER') });
    const literal = await run(
      ada,
      'mutation { createSession(input: { data: { a: 1e999 } }) { ... on InvalidInputError { fields { code } } } }',
    );
    expect(literal.data).toEqual({ createSession: { fields: [{ code: 'OUT_OF_RANGE' }] } });
    expect((await update(ada, { id: ada.sessionId, device: 'a\nb' })).data).toEqual({
      updateSession: invalid('device', 'INVALID_CHARACTER'),
    });
    expect((await run(ada, '{ verifySession { data version } }')).data).toEqual({ verifySession: { data: null, version: 0 } });
  });

  it('of exactly 16 KiB is kept, and comes back the same', async () => {
    const ada = newDevice();
    const data = 'x'.repeat(16_382);
    expect((await create(ada, { data })).data).toMatchObject({ createSession: { created: true, session: { data } } });
  });

  it('SECURITY 42: may have names that mean something to JavaScript, as a literal and as a variable', async () => {
    const ada = newDevice();
    const data = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}') as unknown;
    await create(ada, { data });
    const shown = (await run(ada, '{ verifySession { data } }')).data;
    expect(JSON.stringify(shown)).toContain('"__proto__":{"polluted":true}');
    await run(ada, 'mutation { createSession(input: { data: { __proto__: { polluted: true } } }) { __typename } }');
    expect(JSON.stringify((await run(ada, '{ verifySession { data } }')).data)).toBe(
      '{"verifySession":{"data":{"__proto__":{"polluted":true}}}}',
    );
    expect({}).not.toHaveProperty('polluted');
  });

  it('is set, replaced and cleared, and says whether there was none; a first request may come before the event', async () => {
    const ada = newDevice();
    const created = async (input: object) => (await create(ada, input)).data?.createSession;
    expect(await created({ data: { level: 3 } })).toMatchObject({ created: true, session: { data: { level: 3 }, version: 1 } });
    expect(await created({})).toMatchObject({ created: false, session: { data: { level: 3 }, version: 1 } });
    expect(await created({ data: 0 })).toMatchObject({ created: false, session: { data: 0, version: 2 } });
    expect(await created({ data: null })).toMatchObject({ created: false, session: { data: null, version: 3 } });
    await start(ada, 'Phone');
    expect(await created({ data: [] })).toMatchObject({ created: true, session: { data: [], device: 'Phone', version: 4 } });
  });

  it('of another session of one’s own is changed as well, with the name of its device, which then stays', async () => {
    const phone = newDevice();
    const laptop = newDevice(phone.userId);
    await run(laptop, '{ mySessions { id } }');
    const input = { id: laptop.sessionId, device: '  Work  ', data: { theme: 'dark' }, expectedVersion: 0 };
    const session = { id: laptop.sessionId, device: 'Work', data: { theme: 'dark' }, version: 1 };
    expect((await update(phone, input)).data).toEqual({ updateSession: { __typename: 'SessionPayload', session } });
    await start(laptop, 'Firefox on Linux');
    expect((await run(laptop, '{ verifySession { device } }')).data).toEqual({ verifySession: { device: 'Work' } });
    expect((await update(laptop, { ...input, data: null })).data).toEqual({
      updateSession: {
        __typename: 'SessionConflictError',
        code: 'SESSION_CONFLICT',
        session: { id: laptop.sessionId, data: { theme: 'dark' }, version: 1 },
      },
    });
  });

  it('is in the export of the account, and erased with it', async () => {
    const ada = newDevice();
    await create(ada, { data: { remember: 'me' } });
    const source = 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on AccountExport { sessions } } }';
    const r = [{ __typename: 'AccountExport', userId: ada.userId }];
    expect(JSON.stringify((await run(ada, source, { r })).data)).toContain('"data":{"remember":"me"}');
    const watching = await watch(ada);
    await watching.next();
    await bus.publish([createDomainEvent('user.deleted', { key: ada.userId, payload: { userId: ada.userId, legacyId: 1 } })]);
    expect(await watching.next()).toEqual({ __typename: 'SessionEnded', sessionId: ada.sessionId, reason: 'DELETED' });
    const prisma = createSessionsPrisma(database);
    expect(await prisma.session.findUnique({ where: { id: ada.sessionId }, select: { data: true, device: true } })).toEqual({
      data: null,
      device: null,
    });
    await prisma.$disconnect();
    await watching.leave();
  });
});

describe('Ending all other sessions', () => {
  it('ends them at once, announces each, and leaves this one and other people’s', async () => {
    const announced: unknown[] = [];
    await bus.subscribe({
      group: 'witness',
      types: ['session.ended'],
      handle: ({ payload }) => Promise.resolve(void announced.push((payload as { sessionId: string }).sessionId)),
    });
    const [phone, stranger] = [newDevice(), newDevice()];
    const others = [newDevice(phone.userId), newDevice(phone.userId)];
    for (const device of [phone, stranger, ...others]) await start(device);
    await run(others[0] ?? phone, 'mutation { presenceHeartbeat { presence { availability } } }');
    const { data } = await run(phone, 'mutation { endOtherSessions { sessionIds } }');
    const { sessionIds } = (data as { endOtherSessions: { sessionIds: string[] } }).endOtherSessions;
    const ids = others.map(({ sessionId }) => sessionId).sort();
    expect(sessionIds.toSorted()).toEqual(ids);
    for (const device of others) await expect(subgraph.createContext({ authorization: tokenOf(device) })).rejects.toThrow();
    const source = 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on User { presence { availability } } } }';
    expect((await run(phone, source, { r: [{ __typename: 'User', id: phone.userId }] })).data).toEqual({
      _entities: [{ presence: { availability: 'OFFLINE' } }],
    });
    expect((await run(phone, '{ mySessions { id } }')).data).toEqual({ mySessions: [{ id: phone.sessionId }] });
    expect((await run(stranger, '{ verifySession { id } }')).data).toEqual({ verifySession: { id: stranger.sessionId } });
    await until(() => Promise.resolve(announced.length >= 2));
    expect(announced.toSorted()).toEqual(ids);
    expect((await run(phone, 'mutation { endOtherSessions { sessionIds } }')).data).toEqual({ endOtherSessions: { sessionIds: [] } });
  });
});

describe('Events of one’s own sessions', () => {
  it('tell on one device what happens to another, and to nobody else', async () => {
    const [phone, stranger] = [newDevice(), newDevice()];
    const laptop = newDevice(phone.userId);
    await start(phone);
    const [watching, foreign] = [await watch(phone), await watch(stranger)];
    await foreign.next();
    expect(await watching.next()).toEqual({
      __typename: 'SessionSnapshot',
      sessions: [{ id: phone.sessionId, device: 'Phone', current: true, data: null }],
    });
    await start(laptop, 'Laptop');
    expect(await watching.next()).toEqual({ __typename: 'SessionStarted', session: { id: laptop.sessionId, device: 'Laptop' } });
    await create(laptop, { data: { level: 4 } });
    expect(await watching.next()).toMatchObject({
      __typename: 'SessionUpdated',
      session: { id: laptop.sessionId, data: { level: 4 }, version: 1 },
    });
    await run(laptop, '{ mySessions { id } }');
    await refresh(laptop, new Date());
    const later = new Date(Date.now() + 2 * 86_400_000);
    await refresh(laptop, later);
    expect(await watching.next()).toMatchObject({
      __typename: 'SessionUpdated',
      session: { id: laptop.sessionId, expiresAt: new Date(later.getTime() + 30 * 86_400_000).toISOString() },
    });
    await run(phone, 'mutation ($id: ID!) { endSession(input: { id: $id }) { __typename } }', { id: laptop.sessionId });
    expect(await watching.next()).toEqual({ __typename: 'SessionEnded', sessionId: laptop.sessionId, reason: 'ENDED' });
    await start(stranger);
    expect(await foreign.next()).toMatchObject({ __typename: 'SessionUpdated', session: { id: stranger.sessionId } });
    await watching.leave();
    await foreign.leave();
  });

  it('do not make anybody online', async () => {
    const ada = newDevice();
    const watching = await watch(ada);
    await watching.next();
    const source = 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on User { presence { availability devices } } } }';
    expect((await run(ada, source, { r: [{ __typename: 'User', id: ada.userId }] })).data).toEqual({
      _entities: [{ presence: { availability: 'OFFLINE', devices: 0 } }],
    });
    await watching.leave();
  });

  it('tell that a session has expired, within seconds', async () => {
    const phone = newDevice();
    const laptop = newDevice(phone.userId);
    await start(phone);
    await start(laptop, 'Laptop', 3_600_000);
    const watching = await watch(phone);
    await watching.next();
    clockAhead = 3_600_001;
    try {
      expect(await watching.next()).toEqual({ __typename: 'SessionEnded', sessionId: laptop.sessionId, reason: 'EXPIRED' });
      expect((await run(phone, '{ mySessions { id } }')).data).toEqual({ mySessions: [{ id: phone.sessionId }] });
      expect(revocations.isRevoked(laptop.sessionId)).toBe(false);
      // It only looked like it: auth has prolonged it meanwhile.
      await refresh(laptop, new Date());
      expect(await watching.next()).toMatchObject({ __typename: 'SessionStarted', session: { id: laptop.sessionId } });
    } finally {
      clockAhead = 0;
      await watching.leave();
    }
  }, 15_000);
});
