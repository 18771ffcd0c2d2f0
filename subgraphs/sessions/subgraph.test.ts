import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { graphql, parse, subscribe, type ExecutionResult } from 'graphql';
import { v7 as uuidv7 } from 'uuid';
import { createRevocations, type Revocations } from '../../shared/auth/revocations.js';
import type { Viewer } from '../../shared/auth/viewer.js';
import type { Database } from '../../shared/database/database.js';
import { AppError, unauthenticated } from '../../shared/errors/app-error.js';
import { createDomainEvent } from '../../shared/events/domain-events.js';
import type { DomainEvent, EventBus } from '../../shared/events/event-bus.js';
import { createInProcessEventBus } from '../../shared/events/buses/in-process-event-bus.js';
import type { SubscriptionConnection } from '../../shared/graphql/subgraph.js';
import { createLogger } from '../../shared/logging/logger.js';
import { openMigratedEmbedded } from '../../tests/testkit/services/migrated-embedded.js';
import { createSessionsPrisma } from './data/prisma.js';
import { createSessionsSubgraph, type SessionsSubgraph } from './subgraph.js';
import { until } from '../../tests/testkit/until.js';

const logger = createLogger({ name: 'test', level: 'silent' });

interface Person {
  readonly userId: string;
  readonly sessionId: string;
}

function newPerson(userId = uuidv7()): Person {
  return { userId, sessionId: uuidv7() };
}

let database: Database;
let bus: EventBus;
let revocations: Revocations;
let subgraph: SessionsSubgraph;
const announced: DomainEvent[] = [];

/** A token that says who it is for; the signature is tested where tokens are verified. */
function tokenOf({ userId, sessionId }: Person): string {
  return `Bearer ${userId}/${sessionId}`;
}

const accessTokens = {
  verify(authorization: string | undefined): Promise<Viewer | null> {
    if (authorization === undefined) return Promise.resolve(null);
    const [userId = '', sessionId = ''] = authorization.replace('Bearer ', '').split('/');
    if (revocations.isRevoked(sessionId)) return Promise.reject(unauthenticated());
    const authenticatedAt = Date.now() - 5_000;
    return Promise.resolve({ userId, sessionId, username: 'ada', roles: ['USER'], authenticatedAt, expiresAt: Date.now() + 600_000 });
  },
};

beforeAll(async () => {
  database = await openMigratedEmbedded();
  bus = createInProcessEventBus({ logger });
  revocations = createRevocations();
  subgraph = await createSessionsSubgraph({ database, bus, accessTokens, revocations, logger });
  await bus.subscribe({
    group: 'witness',
    types: ['session.ended'],
    handle: (event) => Promise.resolve(void announced.push(event)),
  });
});

afterAll(async () => {
  await subgraph.close();
  await bus.close();
  await database.close();
});

async function run(who: Person | null, source: string, variableValues: Record<string, unknown> = {}): Promise<ExecutionResult> {
  const contextValue = await subgraph.createContext(who === null ? {} : { authorization: tokenOf(who) });
  const result = await graphql({ schema: subgraph.schema, source, variableValues, contextValue });
  // As it goes over the wire.
  return { ...result, data: JSON.parse(JSON.stringify(result.data ?? null)) as Record<string, unknown> };
}

function codeOf({ errors }: ExecutionResult): string | undefined {
  const error = errors?.[0]?.originalError;
  return error instanceof AppError ? error.code : error?.message;
}

async function register({ userId }: Person): Promise<void> {
  const payload = { userId, username: 'ada', createdAt: new Date().toISOString() };
  await bus.publish([createDomainEvent('user.registered', { key: userId, payload })]);
}

async function start({ userId, sessionId }: Person, device: string | null = 'Phone'): Promise<void> {
  const now = Date.now();
  const [startedAt, expiresAt] = [new Date(now).toISOString(), new Date(now + 30 * 86_400_000).toISOString()];
  await bus.publish([createDomainEvent('session.started', { key: userId, payload: { sessionId, userId, device, startedAt, expiresAt } })]);
}

interface Watch {
  readonly messages: AsyncIterator<ExecutionResult>;
  next(): Promise<Record<string, unknown>>;
  leave(code: number): Promise<void>;
}

const presenceSubscription = `subscription ($ids: [ID!]!, $since: String) {
  presence(input: { userIds: $ids }, since: $since) {
    __typename
    ... on PresenceSnapshot { cursor entries { user { id } availability statusMessage lastSeenAt version activity { kind } } }
    ... on PresenceChanged { cursor entries { user { id } availability statusMessage lastSeenAt version activity { kind } } }
    ... on PresenceResync { cursor entries { user { id } availability statusMessage lastSeenAt version activity { kind } } }
  }
}`;

async function watch(who: Person, ids: readonly string[], since?: string): Promise<Watch> {
  const controller = new AbortController();
  const connection: SubscriptionConnection = { id: uuidv7(), signal: controller.signal };
  const result = await subscribe({
    schema: subgraph.schema,
    document: parse(presenceSubscription),
    variableValues: { ids, since },
    contextValue: await subgraph.createContext({ authorization: tokenOf(who) }, connection),
  });
  if (!(Symbol.asyncIterator in result)) throw new Error(JSON.stringify(result.errors));
  return {
    messages: result,
    async next() {
      const { value } = await result.next();
      return (JSON.parse(JSON.stringify(value?.data ?? null)) as { presence: Record<string, unknown> }).presence;
    },
    async leave(code) {
      controller.abort({ code });
      await result.return(undefined);
    },
  };
}

const anonymous = [
  '{ mySessions { id } }',
  'mutation { endSession(input: { id: "x" }) { __typename } }',
  'mutation { updatePresence(input: {}) { __typename } }',
  'mutation { presenceHeartbeat { presence { version } } }',
  'mutation { goOffline { presence { version } } }',
];

describe('Sessions', () => {
  it.each(anonymous)('refuses an anonymous caller: %s', async (source) => {
    expect(codeOf(await run(null, source))).toBe('UNAUTHENTICATED');
  });

  it('answers null for a session when nobody is signed in, or it is somebody else’s, or the id is no id', async () => {
    const [ada, bob] = [newPerson(), newPerson()];
    await start(ada);
    const source = 'query ($id: ID!) { session(id: $id) { id } }';
    expect((await run(null, source, { id: ada.sessionId })).data).toEqual({ session: null });
    expect((await run(bob, source, { id: ada.sessionId })).data).toEqual({ session: null });
    expect((await run(bob, source, { id: "'; DROP TABLE" })).data).toEqual({ session: null });
  });

  it('gives the entity to its owner alone', async () => {
    const [ada, bob] = [newPerson(), newPerson()];
    await start(ada, 'Laptop');
    const source = `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Session { id device current user { id } } } }`;
    const r = [{ __typename: 'Session', id: ada.sessionId }];
    expect((await run(bob, source, { r })).data).toEqual({ _entities: [null] });
    expect((await run(null, source, { r })).data).toEqual({ _entities: [null] });
    expect((await run(ada, source, { r })).data).toEqual({
      _entities: [{ id: ada.sessionId, device: 'Laptop', current: true, user: { id: ada.userId } }],
    });
  });

  it('refuses to end what is not the caller’s own live session, without saying why', async () => {
    const [ada, bob] = [newPerson(), newPerson()];
    await start(ada);
    const source = 'mutation ($id: ID!) { endSession(input: { id: $id }) { __typename ... on SessionNotFoundError { code } } }';
    const notFound = { endSession: { __typename: 'SessionNotFoundError', code: 'SESSION_NOT_FOUND' } };
    expect((await run(bob, source, { id: ada.sessionId })).data).toEqual(notFound);
    expect((await run(bob, source, { id: uuidv7() })).data).toEqual(notFound);
    expect((await run(bob, source, { id: '' })).data).toEqual(notFound);
    expect(revocations.isRevoked(ada.sessionId)).toBe(false);
  });

  it('lists the current session first, then the latest used, and makes a row for a token whose event has not come', async () => {
    const phone = newPerson();
    const laptop = newPerson(phone.userId);
    await start(phone, 'Phone');
    const source = '{ mySessions { id device current startedAt lastSeenAt expiresAt user { id } } }';
    const fromLaptop = (await run(laptop, source)).data as { mySessions: Record<string, unknown>[] };
    expect(fromLaptop.mySessions.map(({ id, device, current }) => ({ id, device, current }))).toEqual([
      { id: laptop.sessionId, device: null, current: true },
      { id: phone.sessionId, device: 'Phone', current: false },
    ]);
    await start(laptop, 'Laptop');
    const later = (await run(laptop, source)).data as { mySessions: Record<string, unknown>[] };
    expect(later.mySessions[0]).toMatchObject({ device: 'Laptop', user: { id: laptop.userId } });
  });

  it('ends a session: gone from the list, its tokens refused, its event announced, its presence offline at once', async () => {
    const phone = newPerson();
    const laptop = newPerson(phone.userId);
    await start(phone);
    await start(laptop);
    const online = await watch(phone, [phone.userId]);
    await online.next();
    const source = 'mutation ($id: ID!) { endSession(input: { id: $id }) { __typename ... on EndSessionPayload { sessionId } } }';
    expect((await run(laptop, source, { id: phone.sessionId })).data).toEqual({
      endSession: { __typename: 'EndSessionPayload', sessionId: phone.sessionId },
    });
    await expect(subgraph.createContext({ authorization: tokenOf(phone) })).rejects.toThrow();
    expect((await run(laptop, '{ mySessions { id } }')).data).toEqual({ mySessions: [{ id: laptop.sessionId }] });
    expect(await online.next()).toMatchObject({ __typename: 'PresenceChanged', entries: [{ availability: 'OFFLINE' }] });
    expect(await subgraph.endedSince(Date.now() - 60_000)).toContainEqual({ sessionId: phone.sessionId, endedAt: expect.any(Number) });
    await until(() => announced.some(({ payload }) => (payload as { sessionId: string }).sessionId === phone.sessionId));
    await online.leave(4403);
  });
});

describe('Presence', () => {
  it('says nothing about whether a user exists', async () => {
    const source =
      'query ($r: [_Any!]!) { _entities(representations: $r) { ... on User { presence { availability lastSeenAt devices visibility } lastConnectionAt } } }';
    const unknown = { presence: { availability: 'OFFLINE', lastSeenAt: null, devices: null, visibility: null }, lastConnectionAt: null };
    const r = [uuidv7(), 'no uuid at all', ''].map((id) => ({ __typename: 'User', id }));
    expect((await run(null, source, { r })).data).toEqual({ _entities: [unknown, unknown, unknown] });
  });

  it('follows a user who comes online, says something and goes offline', async () => {
    const [ada, bob] = [newPerson(), newPerson()];
    await register(bob);
    const watching = await watch(ada, [bob.userId, bob.userId, ada.userId]);
    const snapshot = await watching.next();
    expect(snapshot).toMatchObject({ __typename: 'PresenceSnapshot' });
    expect(snapshot.entries).toMatchObject([
      { user: { id: bob.userId }, availability: 'OFFLINE', lastSeenAt: null },
      { user: { id: ada.userId }, availability: 'ONLINE' },
    ]);
    await run(bob, 'mutation { presenceHeartbeat { presence { availability devices } } }');
    expect(await watching.next()).toMatchObject({ __typename: 'PresenceChanged', entries: [{ availability: 'ONLINE' }] });
    await run(bob, 'mutation { updatePresence(input: { availability: BUSY, statusMessage: "in a match" }) { __typename } }');
    const busy = await watching.next();
    expect(busy).toMatchObject({ entries: [{ availability: 'BUSY', statusMessage: 'in a match' }] });
    await run(bob, 'mutation { goOffline { presence { availability } } }');
    expect(await watching.next()).toMatchObject({ entries: [{ availability: 'OFFLINE', statusMessage: null }] });
    await watching.leave(1000);

    const elsewhere = await watch(ada, [bob.userId], busy.cursor as string);
    expect(await elsewhere.next()).toMatchObject({ __typename: 'PresenceSnapshot', entries: [{ availability: 'OFFLINE' }] });
    await elsewhere.leave(1000);
    const resumed = await watch(ada, [ada.userId, bob.userId], busy.cursor as string);
    expect(await resumed.next()).toMatchObject({ __typename: 'PresenceChanged', entries: [{ availability: 'OFFLINE' }] });
    await resumed.leave(1000);
    const lost = await watch(ada, [bob.userId], 'no cursor at all');
    expect(await lost.next()).toMatchObject({ __typename: 'PresenceSnapshot', entries: [{ availability: 'OFFLINE' }] });
    await lost.leave(1000);
  });

  it('leaves out an id that nobody has, so that it cannot break the message for the others', async () => {
    const [ada, bob] = [newPerson(), newPerson()];
    await register(bob);
    const watching = await watch(ada, [uuidv7(), 'no uuid at all', bob.userId]);
    expect((await watching.next()).entries).toMatchObject([{ user: { id: bob.userId } }]);
    await watching.leave(1000);
  });

  it('P8: follows what becomes of a relation, from the announcement to the message', async () => {
    const [ada, bob] = [newPerson(), newPerson()];
    await Promise.all([ada, bob].map(register));
    const relate = async (friends: boolean, blockers: readonly string[]) => {
      const userIds = [ada.userId, bob.userId].sort() as [string, string];
      const payload = { userIds, friends, blockers: [...blockers] };
      await bus.publish([createDomainEvent('relation.changed', { key: userIds[0], payload })]);
    };
    await run(bob, 'mutation { presenceHeartbeat { presence { availability } } }');
    const watching = await watch(ada, [bob.userId]);
    const snapshot = await watching.next();
    expect(snapshot).toMatchObject({ entries: [{ availability: 'ONLINE' }] });
    await relate(false, [bob.userId]);
    expect(await watching.next()).toMatchObject({ __typename: 'PresenceRemoved' });
    await relate(false, []);
    expect(await watching.next()).toMatchObject({ __typename: 'PresenceChanged', entries: [{ availability: 'ONLINE' }] });
    await watching.leave(1000);
    await relate(false, [ada.userId]);
    const back = await watch(ada, [bob.userId], snapshot.cursor as string);
    expect(await back.next()).toMatchObject({ __typename: 'PresenceChanged', entries: [] });
    expect(await back.next()).toMatchObject({ __typename: 'PresenceRemoved' });
    await back.leave(1000);
  });

  it('P11: pages through the friends who are online, and no others', async () => {
    const ada = newPerson();
    const friends = [newPerson(), newPerson(), newPerson()].sort((a, b) => (a.userId < b.userId ? -1 : 1));
    const stranger = newPerson();
    await Promise.all([ada, ...friends, stranger].map(register));
    for (const { userId } of friends) {
      const userIds = [ada.userId, userId].sort() as [string, string];
      await bus.publish([createDomainEvent('relation.changed', { key: userIds[0], payload: { userIds, friends: true, blockers: [] } })]);
    }
    const online = [friends[0], friends[2], stranger].filter((each) => each !== undefined);
    for (const each of online) await run(each, 'mutation { presenceHeartbeat { presence { availability } } }');
    const source = `query ($first: Int, $after: String) { onlineFriends(first: $first, after: $after) {
      edges { cursor node { id } entry { user { id } availability version } } nodes { id } pageInfo { hasNextPage hasPreviousPage endCursor } } }`;
    const page = async (variables: Record<string, unknown>) =>
      (await run(ada, source, variables)).data?.onlineFriends as Record<string, unknown>;
    expect(codeOf(await run(null, source))).toBe('UNAUTHENTICATED');
    for (const first of [0, 101]) expect(codeOf(await run(ada, source, { first }))).toBe('BAD_USER_INPUT');
    expect(codeOf(await run(ada, source, { after: 'x' }))).toBe('BAD_USER_INPUT');
    const one = await page({ first: 1 });
    expect(one).toMatchObject({
      edges: [{ node: { id: friends[0]?.userId }, entry: { user: { id: friends[0]?.userId }, availability: 'ONLINE' } }],
      pageInfo: { hasNextPage: true, hasPreviousPage: false },
    });
    const { endCursor } = one.pageInfo as { endCursor: string };
    expect(await page({ first: 100, after: endCursor })).toMatchObject({
      nodes: [{ id: friends[2]?.userId }],
      pageInfo: { hasNextPage: false, hasPreviousPage: true },
    });
  });

  it('leaves out who blocks the caller, as an id that nobody has, and shows whom the caller blocks', async () => {
    const [ada, bob] = [newPerson(), newPerson()];
    await Promise.all([ada, bob].map(register));
    const userIds = [ada.userId, bob.userId].sort() as [string, string];
    const payload = { userIds, friends: false, blockers: [ada.userId] };
    await bus.publish([createDomainEvent('relation.changed', { key: userIds[0], payload })]);
    const watches = [await watch(bob, [ada.userId]), await watch(ada, [bob.userId])];
    expect(await Promise.all(watches.map((each) => each.next()))).toMatchObject([
      { entries: [] },
      { entries: [{ user: { id: bob.userId }, availability: 'OFFLINE' }] },
    ]);
    for (const each of watches) await each.leave(1000);
  });

  it('SECURITY 51: keeps nothing of a relation that is announced after one of the two was deleted', async () => {
    const [ada, bob] = [newPerson(), newPerson()];
    const userIds = [ada.userId, bob.userId].sort() as [string, string];
    await bus.publish([createDomainEvent('user.deleted', { key: bob.userId, payload: { userId: bob.userId, legacyId: 1 } })]);
    const payload = { userIds, friends: true, blockers: [] };
    await bus.publish([createDomainEvent('relation.changed', { key: userIds[0], payload })]);
    const prisma = createSessionsPrisma(database);
    expect(await prisma.relation.count({ where: { OR: [{ lowId: bob.userId }, { highId: bob.userId }] } })).toBe(0);
    await prisma.$disconnect();
  });

  it('names each refused field and changes nothing', async () => {
    const ada = newPerson();
    const source = `mutation ($input: UpdatePresenceInput!) { updatePresence(input: $input) {
      ... on InvalidInputError { code fields { path code } } ... on PresencePayload { presence { statusMessage } } } }`;
    const input = { availability: 'OFFLINE', statusMessage: 'x'.repeat(129) };
    expect((await run(ada, source, { input })).data).toEqual({
      updatePresence: {
        code: 'INVALID_INPUT',
        fields: [
          { path: 'availability', code: 'NOT_ALLOWED' },
          { path: 'statusMessage', code: 'TOO_LONG' },
        ],
      },
    });
    expect((await run(ada, source, { input: {} })).data).toEqual({ updatePresence: { presence: { statusMessage: null } } });
  });

  it('keeps the settings when everybody is offline and the process starts again', async () => {
    const ada = newPerson();
    await run(
      ada,
      'mutation { updatePresence(input: { statusMessage: "back soon", visibility: NOBODY, availability: BUSY }) { __typename } }',
    );
    await run(ada, 'mutation { presenceHeartbeat { presence { version } } }');
    const restarted = await createSessionsSubgraph({
      database,
      bus: createInProcessEventBus({ logger }),
      accessTokens,
      revocations,
      logger,
    });
    const contextValue = await restarted.createContext({ authorization: tokenOf(ada) });
    const source = 'mutation { presenceHeartbeat { presence { availability statusMessage visibility devices } } }';
    const result = await graphql({ schema: restarted.schema, source, contextValue });
    expect(JSON.parse(JSON.stringify(result.data))).toEqual({
      presenceHeartbeat: { presence: { availability: 'BUSY', statusMessage: 'back soon', visibility: 'NOBODY', devices: 1 } },
    });
    await restarted.close();
  });
});
