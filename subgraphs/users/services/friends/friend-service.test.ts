import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import { createLogger } from '../../../../shared/logging/logger.js';
import { createRateLimits } from '../../../../shared/rate-limits/rate-limits.js';
import { testDatabases, type OpenedDatabase } from '../../../../tests/testkit/services/databases.js';
import { startFriends, type FriendsUnderTest } from '../../tests/friends-harness.js';
import type { FriendService } from './friend-service.js';

const databases = await testDatabases();
const changes = ['request', 'accept', 'decline', 'cancel', 'remove', 'block', 'unblock'] as const satisfies (keyof FriendService)[];

describe.each(databases)('Friends on $name', ({ open }) => {
  let opened: OpenedDatabase;
  let friendly: FriendsUnderTest;
  let number = 0;
  beforeAll(async () => {
    opened = await open();
    friendly = startFriends(opened.database);
  });
  afterAll(async () => {
    await friendly.close();
    await opened.close();
  });

  async function people<const Names extends readonly string[]>(...names: Names): Promise<{ [Index in keyof Names]: Viewer }> {
    number += 1;
    const registered: Viewer[] = [];
    for (const name of names) registered.push(await friendly.register(`${name}_${String(number)}`));
    return registered as { [Index in keyof Names]: Viewer };
  }

  const statusOf = async (viewer: Viewer, other: Viewer) => (await friendly.friends.view(viewer, [other.userId]))[0]?.status;

  async function befriend(a: Viewer, b: Viewer): Promise<void> {
    await friendly.friends.request(a, b.userId);
    await friendly.friends.accept(b, a.userId);
  }

  it.each(changes)('refuses %s to an anonymous caller', async (change) => {
    await expect(friendly.friends[change](null, uuidv7())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('refuses the lists to an anonymous caller', async () => {
    const { lists } = friendly;
    for (const list of [lists.friends(null, {}), lists.requests(null, 'SENT', {}), lists.blocked(null, {})]) {
      await expect(list).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    }
  });

  it.each(changes)('SECURITY 46: finds nobody by %s of an id that nobody has, or can have', async (change) => {
    const [ada] = await people('ada');
    for (const id of [uuidv7(), '', '__proto__', "' OR 1=1 --", '00000000-0000-0000-0000-000000000000']) {
      expect((await friendly.friends[change](ada, id)).kind).toMatch(/Not(Found|Friends)$/);
    }
  });

  it('makes nobody a friend of themself, nor blocks them', async () => {
    const [ada] = await people('ada');
    expect(await friendly.friends.request(ada, ada.userId)).toEqual({ kind: 'FriendshipConflict', code: 'SELF' });
    expect(await friendly.friends.request(ada, ada.userId.toUpperCase())).toEqual({ kind: 'FriendshipConflict', code: 'SELF' });
    for (const change of changes.slice(1)) expect((await friendly.friends[change](ada, ada.userId)).kind).toMatch(/Not(Found|Friends)$/);
  });

  it('SECURITY 46: lets nobody accept their own request, nor anybody but the one who was asked', async () => {
    const [ada, bob, eve] = await people('ada', 'bob', 'eve');
    await friendly.friends.request(ada, bob.userId);
    expect(await friendly.friends.accept(ada, bob.userId)).toEqual({ kind: 'FriendRequestNotFound' });
    for (const other of [ada, bob]) expect(await friendly.friends.accept(eve, other.userId)).toEqual({ kind: 'FriendRequestNotFound' });
    expect([await statusOf(ada, bob), await statusOf(bob, ada)]).toEqual(['REQUEST_SENT', 'REQUEST_RECEIVED']);
  });

  it('SECURITY 46: shows lists and requests to the two alone', async () => {
    const [ada, bob, eve] = await people('ada', 'bob', 'eve');
    await friendly.friends.request(ada, bob.userId);
    for (const direction of ['SENT', 'RECEIVED'] as const) expect((await friendly.lists.requests(eve, direction, {})).rows).toEqual([]);
    expect((await friendly.lists.requests(ada, 'RECEIVED', {})).rows).toEqual([]);
    expect((await friendly.lists.requests(bob, 'SENT', {})).rows).toEqual([]);
    expect((await friendly.lists.requests(ada, 'SENT', {})).rows).toMatchObject([{ fromId: ada.userId, toId: bob.userId }]);
    expect((await friendly.lists.requests(bob, 'RECEIVED', {})).rows).toMatchObject([{ fromId: ada.userId, toId: bob.userId }]);
  });

  it('SECURITY 46: is to somebody who is blocked as if the other did not exist', async () => {
    const [ada, bob] = await people('ada', 'bob');
    await befriend(ada, bob);
    await friendly.friends.block(ada, bob.userId);
    const nobody = uuidv7();
    for (const change of changes) {
      expect(await friendly.friends[change](bob, ada.userId)).toEqual(await friendly.friends[change](bob, nobody));
    }
    expect([await statusOf(ada, bob), await statusOf(bob, ada)]).toEqual(['BLOCKED', 'NONE']);
    expect((await friendly.lists.friends(bob, {})).rows).toEqual([]);
    expect((await friendly.lists.blocked(bob, {})).rows).toEqual([]);
    expect((await friendly.lists.blocked(ada, {})).rows).toMatchObject([{ userId: bob.userId }]);
    expect(await friendly.mutualFriends.count(bob, [ada.userId])).toEqual([0]);
  });

  it('SECURITY 46: takes the same steps for who blocks the caller as for an id that nobody has', async () => {
    const [ada, bob] = await people('ada', 'bob');
    await friendly.friends.block(ada, bob.userId);
    for (const change of ['request', 'block', 'unblock'] as const) {
      const steps = async (id: string) => {
        const before = friendly.lookUps();
        await friendly.friends[change](bob, id);
        return friendly.lookUps() - before;
      };
      expect(await steps(ada.userId)).toBe(await steps(uuidv7()));
    }
  });

  it('waits for the announcement of somebody who has just registered, also to take back a block that there is not', async () => {
    const [ada] = await people('ada');
    for (const change of ['request', 'block', 'unblock'] as const) {
      const userId = uuidv7();
      const changed = friendly.patient[change](ada, userId);
      await friendly.register('late', userId);
      expect((await changed).kind).toBe('Related');
    }
  });

  it('gives nothing back when a block is taken back', async () => {
    const [ada, bob] = await people('ada', 'bob');
    await befriend(ada, bob);
    await friendly.friends.block(ada, bob.userId);
    expect(await friendly.friends.unblock(ada, bob.userId)).toMatchObject({ kind: 'Related', friendship: { status: 'NONE', since: null } });
    expect([await statusOf(ada, bob), await statusOf(bob, ada)]).toEqual(['NONE', 'NONE']);
  });

  it('are none for somebody who is deleted while they are asked', async () => {
    const [ada, bob] = await people('ada', 'bob');
    await friendly.users.forget({ eventId: uuidv7(), occurredAt: new Date(0).toISOString(), userId: bob.userId, legacyId: 1 });
    const at = new Date(0);
    const outcome = await friendly.relations.change({ userId: ada.userId, otherId: bob.userId }, at, ({ areKnown }) => ({
      kind: areKnown ? 'known' : 'unknown',
    }));
    expect(outcome).toEqual({ kind: 'unknown' });
    await expect(friendly.friends.request(bob, ada.userId)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfter: 1 });
  });

  it('lets somebody who was declined ask again', async () => {
    const [ada, bob] = await people('ada', 'bob');
    for (let round = 0; round < 2; round += 1) {
      expect(await friendly.friends.request(ada, bob.userId)).toMatchObject({ friendship: { status: 'REQUEST_SENT' } });
      expect(await friendly.friends.decline(bob, ada.userId)).toMatchObject({ friendship: { status: 'NONE' } });
    }
    expect(await statusOf(ada, bob)).toBe('NONE');
  });

  it('are made of two who ask each other at the same moment, and no request is left', async () => {
    for (let round = 0; round < 20; round += 1) {
      const [ada, bob] = await people('ada', 'bob');
      const [first, second] = await Promise.all([friendly.friends.request(ada, bob.userId), friendly.friends.request(bob, ada.userId)]);
      expect([first, second].map((each) => each.kind === 'Related' && each.friendship.status).sort()).toEqual(['FRIENDS', 'REQUEST_SENT']);
      expect([await statusOf(ada, bob), await statusOf(bob, ada)]).toEqual(['FRIENDS', 'FRIENDS']);
      expect(await friendly.prisma.friendRequest.count({ where: { OR: [{ fromId: ada.userId }, { toId: ada.userId }] } })).toBe(0);
    }
  });

  it('never pass a limit, however many are accepted at once', async () => {
    const limited = friendly.withLimits({ friends: 3 });
    const [ada, ...others] = await people('ada', 'b', 'c', 'd', 'e', 'f');
    for (const other of others) await limited.request(other, ada.userId);
    const outcomes = await Promise.all(others.map((other) => limited.accept(ada, other.userId)));
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['FriendLimitReached', 'FriendLimitReached', 'Related', 'Related', 'Related']);
    expect((await friendly.lists.friends(ada, {})).rows).toHaveLength(3);
  });

  it.each([
    ['sentRequests', 'SENT_REQUESTS'],
    ['receivedRequests', 'RECEIVED_REQUESTS'],
  ] as const)('count %s exactly, also of requests sent at once', async (name, told) => {
    const limited = friendly.withLimits({ [name]: 2 });
    const [ada, ...others] = await people('ada', 'b', 'c', 'd');
    const outcomes = await Promise.all(
      others.map((other) => (name === 'sentRequests' ? limited.request(ada, other.userId) : limited.request(other, ada.userId))),
    );
    expect(outcomes.filter(({ kind }) => kind === 'Related')).toHaveLength(2);
    expect(outcomes.filter(({ kind }) => kind !== 'Related')).toEqual([{ kind: 'FriendLimitReached', limit: told }]);
  });

  it('count blocks exactly', async () => {
    const limited = friendly.withLimits({ blocks: 2 });
    const [ada, ...others] = await people('ada', 'b', 'c', 'd');
    const kinds: string[] = [];
    for (const other of others) kinds.push((await limited.block(ada, other.userId)).kind);
    expect(kinds).toEqual(['Related', 'Related', 'BlockLimitReached']);
  });

  it('may be asked for 30 times a minute, whoever is found, and 300 times a day', async () => {
    const logger = createLogger({ name: 'test', level: 'silent' });
    const limited = friendly.withRateLimits(createRateLimits({ redisUrl: undefined, scale: 1, logger }));
    const [ada, bob] = await people('ada', 'bob');
    for (let n = 0; n < 15; n += 1) {
      await limited.request(ada, bob.userId);
      await limited.request(ada, '__proto__');
    }
    await expect(limited.request(ada, bob.userId)).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfter: expect.any(Number) });
    expect((await limited.request(bob, '__proto__')).kind).toBe('UserNotFound');
    expect((await limited.accept(bob, ada.userId)).kind).toBe('Related');

    const rules: unknown[] = [];
    const rateLimits = createRateLimits({ redisUrl: undefined, scale: 1, logger });
    friendly.withRateLimits({ ...rateLimits, window: (name, rule) => (rules.push(rule), rateLimits.window(name, rule)) });
    expect(rules).toEqual([
      { points: 30, seconds: 60 },
      { points: 300, seconds: 86_400 },
    ]);
  });

  it('are announced once per change, a request is not', async () => {
    const [ada, bob] = await people('ada', 'bob');
    const userIds = [ada.userId, bob.userId].sort();
    const before = (await friendly.announced()).length;
    const { friends } = friendly;
    await friends.request(ada, bob.userId);
    await friends.decline(bob, ada.userId);
    await befriend(ada, bob);
    await friends.accept(bob, ada.userId);
    await friends.block(bob, ada.userId);
    await friends.block(bob, ada.userId);
    await friends.unblock(bob, ada.userId);
    await friends.unblock(bob, ada.userId);
    expect((await friendly.announced()).slice(before)).toEqual([
      { userIds, friends: true, blockers: [] },
      { userIds, friends: false, blockers: [bob.userId] },
      { userIds, friends: false, blockers: [] },
    ]);
    const [last] = await friendly.prisma.outboxEvent.findMany({ orderBy: { sequence: 'desc' }, take: 1, select: { key: true } });
    expect(last?.key).toBe(userIds[0]);
  });

  it('are listed by name, in pages without a gap', async () => {
    const [zoe, ...others] = await people('zoe', 'Carl', 'adam', 'Bert', 'dora', 'emil');
    for (const other of others) await befriend(other, zoe);
    const seen: string[] = [];
    let after: string | null = null;
    for (;;) {
      const { rows, page }: Awaited<ReturnType<typeof friendly.lists.friends>> = await friendly.lists.friends(zoe, { first: 2, after });
      seen.push(...rows.slice(0, page.limit).map(({ name }) => name.replace(/_\d+$/, '')));
      const last = rows[page.limit - 1];
      if (rows.length <= page.limit || last === undefined) break;
      after = Buffer.from(JSON.stringify(last)).toString('base64url');
    }
    expect(seen).toEqual(['adam', 'bert', 'carl', 'dora', 'emil']);
  });

  it('list requests and blocks, the newest first, in pages without a gap also within one millisecond', async () => {
    const [ada, ...others] = await people('ada', 'b', 'c', 'd', 'e');
    for (const [index, other] of others.entries()) {
      if (index % 2 === 0) friendly.clock.now += 1;
      await friendly.friends.request(other, ada.userId);
    }
    const expected = [
      ...others
        .slice(2)
        .map(({ userId }) => userId)
        .sort()
        .reverse(),
      ...others
        .slice(0, 2)
        .map(({ userId }) => userId)
        .sort()
        .reverse(),
    ];
    const { lists, friends } = friendly;
    async function all(list: (page: { first: number; after: string | null }) => ReturnType<FriendsUnderTest['lists']['blocked']>) {
      const seen: string[] = [];
      let after: string | null = null;
      for (;;) {
        const { rows, page }: Awaited<ReturnType<typeof list>> = await list({ first: 1, after });
        seen.push(...rows.slice(0, page.limit).map(({ userId }) => userId));
        const last = rows[page.limit - 1];
        if (rows.length <= page.limit || last === undefined) return seen;
        after = Buffer.from(JSON.stringify({ at: last.at, userId: last.userId })).toString('base64url');
      }
    }
    expect(await all((page) => lists.requests(ada, 'RECEIVED', page))).toEqual(expected);
    for (const [index, other] of others.entries()) {
      if (index % 2 === 0) friendly.clock.now += 1;
      await friends.block(ada, other.userId);
    }
    expect(await all((page) => lists.blocked(ada, page))).toEqual(expected);
    await expect(lists.blocked(ada, { after: Buffer.from('{"at":"never","userId":"x"}').toString('base64url') })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
  });

  it('in common are counted for many at once, and not where the profile is hidden', async () => {
    const [ada, bob, carl, dora, emil] = await people('ada', 'bob', 'carl', 'dora', 'emil');
    for (const shared of [carl, dora]) for (const each of [ada, bob]) await befriend(each, shared);
    await befriend(bob, emil);
    const ids = [bob, carl, emil, ada].map(({ userId }) => userId);
    expect(await friendly.mutualFriends.count(null, ids)).toEqual([null, null, null, null]);
    expect(await friendly.mutualFriends.count(ada, [...ids, 'nonsense'])).toEqual([2, 0, 0, null, 0]);
    const hide = (visibility: 'FRIENDS' | 'NOBODY') =>
      friendly.profiles.update({ userId: bob.userId, username: bob.username, change: { visibility }, at: new Date(0) });
    await hide('FRIENDS');
    expect(await friendly.mutualFriends.count(ada, [bob.userId])).toEqual([null]);
    await befriend(ada, bob);
    expect(await friendly.mutualFriends.count(ada, [bob.userId])).toEqual([2]);
    await hide('NOBODY');
    expect(await friendly.mutualFriends.count(ada, [bob.userId])).toEqual([null]);
  });
});
