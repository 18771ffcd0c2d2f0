import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { createRelationTable } from '../../../shared/users/relation-table.js';
import { testDatabases, type OpenedDatabase } from '../../../tests/testkit/services/databases.js';
import { createPresenceSettingsRepository } from './presence-settings-repository.js';
import { createSessionsPrisma, sessionsSchema, type SessionsPrisma } from './prisma.js';
import { createRelationHistoryRepository } from './relation-history-repository.js';
import { createUserErasureRepository } from './user-erasure-repository.js';

const databases = await testDatabases();
const at = (minutes: number): Date => new Date(Date.UTC(2026, 10, 20, 12, minutes, 0, 123));

describe.each(databases)('On $name', ({ open }) => {
  let opened: OpenedDatabase;
  let prisma: SessionsPrisma;

  beforeAll(async () => {
    opened = await open();
    prisma = createSessionsPrisma(opened.database);
  });
  afterAll(async () => {
    await prisma.$disconnect();
    await opened.close();
  });

  describe('the history of relations', () => {
    const ago = (ms: number) => Date.now() - ms;

    async function newPair(): Promise<[string, string]> {
      const pair: [string, string] = [uuidv7(), uuidv7()];
      await prisma.knownUser.createMany({ data: pair.map((userId) => ({ userId })) });
      return pair;
    }

    it('keeps nothing of somebody who has no account', async () => {
      const history = createRelationHistoryRepository(prisma);
      const [[ada], nobody] = [await newPair(), uuidv7()];
      await history.add([ada, nobody], { wereFriends: true });
      expect(await history.since(ada, 0)).toEqual([]);
      expect(await history.since(nobody, 0)).toEqual([]);
    });

    it('P7: tells both what changed, and for a while that they were friends', async () => {
      const history = createRelationHistoryRepository(prisma);
      const [ada, bob] = await newPair();
      await history.add([ada, bob], { wereFriends: true });
      await history.add([ada, bob], { wereFriends: false });
      expect(await history.since(ada, ago(60_000))).toEqual([{ otherId: bob, wereFriends: true }]);
      expect(await history.since(bob, ago(60_000))).toEqual([{ otherId: ada, wereFriends: true }]);
      expect(await history.since(ada, ago(-60_000))).toEqual([]);
      // On a process whose clock is five minutes ahead.
      const now = () => Date.now() + 300_000;
      expect(await createRelationHistoryRepository(prisma, now).since(ada, now() - 60_000)).toEqual([{ otherId: bob, wereFriends: true }]);
    });

    it('is forgotten after a day', async () => {
      const history = createRelationHistoryRepository(prisma);
      const [ada, bob] = await newPair();
      const [eve] = await newPair();
      await history.add([ada, bob], { wereFriends: false });
      await history.add([ada, eve], { wereFriends: false });
      const day = 24 * 60 * 60_000;
      await prisma.relationChange.update({
        where: { userId_otherId: { userId: ada, otherId: bob } },
        data: { changedAt: new Date(ago(day + 5_000)) },
      });
      await prisma.relationChange.update({
        where: { userId_otherId: { userId: ada, otherId: eve } },
        data: { changedAt: new Date(ago(day - 5_000)) },
      });
      await history.forgetOld();
      expect((await history.since(ada, 0)).map(({ otherId }) => otherId)).toEqual([eve]);
    });

    it('goes with an account, and leaves friends no more than that somebody is gone', async () => {
      const history = createRelationHistoryRepository(prisma);
      const relations = createRelationTable(prisma, sessionsSchema);
      const [ada, bob] = await newPair();
      const [eve, gone] = await newPair();
      for (const [other, friends] of [
        [ada, true],
        [bob, false],
        [eve, true],
      ] as const) {
        const userIds = [other, gone].sort() as [string, string];
        await relations.take(uuidv7(), { userIds, friends, blockers: friends ? [] : [gone] });
        await history.add(userIds, { wereFriends: false });
      }
      await createUserErasureRepository(prisma).erase({ userId: gone, at: new Date(), keptSince: new Date() });
      const somebody = [{ otherId: null, wereFriends: false }];
      expect(await history.since(ada, ago(60_000))).toEqual(somebody);
      expect(await history.since(eve, ago(60_000))).toEqual(somebody);
      expect(await history.since(bob, ago(60_000))).toEqual([]);
      expect(await prisma.relationChange.count({ where: { OR: [{ userId: gone }, { otherId: gone }] } })).toBe(0);
    });
  });

  describe('the presence settings', () => {
    it('are none for who has set none, and for what is no id of a user', async () => {
      const repository = createPresenceSettingsRepository(prisma);
      expect((await repository.find([uuidv7(), '', 'no uuid', '__proto__'])).size).toBe(0);
      expect((await repository.find([])).size).toBe(0);
    });

    it('change by what is given, raise their revision, and come back as they were written', async () => {
      const repository = createPresenceSettingsRepository(prisma);
      const userId = uuidv7();
      await repository.update(userId, { statusMessage: '🦊 away' });
      const both = await repository.update(userId, { isBusy: true, visibility: 'FRIENDS' });
      expect(both).toEqual({ revision: 2, isBusy: true, statusMessage: '🦊 away', visibility: 'FRIENDS' });
      expect((await repository.find([userId])).get(userId)).toEqual({ settings: both, lastConnectionAt: null });
      expect(await repository.update(userId, { statusMessage: null })).toEqual({ ...both, revision: 3, statusMessage: null });
    });

    it('give each of many writes at once a revision of its own', async () => {
      const repository = createPresenceSettingsRepository(prisma);
      const userId = uuidv7();
      const all = await Promise.all(Array.from({ length: 10 }, (_, index) => repository.update(userId, { statusMessage: `${index}` })));
      expect(all.map(({ revision }) => revision).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    });

    it('keep the latest connection, beside settings or without', async () => {
      const repository = createPresenceSettingsRepository(prisma);
      const [ada, bob, gone] = [uuidv7(), uuidv7(), uuidv7()];
      await prisma.knownUser.createMany({ data: [{ userId: ada }, { userId: bob }] });
      const settings = await repository.update(ada, { isBusy: true });
      const left = (minutes: number) => ({ at: at(minutes).getTime(), isOver: true });
      await repository.recordConnections(new Map([[gone, left(5)]]));
      expect(await repository.find([gone])).toEqual(new Map());
      await repository.recordConnections(new Map([ada, bob].map((userId) => [userId, left(5)])));
      await repository.recordConnections(new Map([[ada, left(4)]]));
      const found = await repository.find([ada, bob]);
      expect(found.get(ada)).toEqual({ settings, lastConnectionAt: at(5).getTime() });
      expect(found.get(bob)).toMatchObject({ settings: { revision: 0, visibility: 'EVERYONE' }, lastConnectionAt: at(5).getTime() });
    });

    it('P12: take the connection of somebody who stays once in 5 minutes, whichever process tells it', async () => {
      const repository = createPresenceSettingsRepository(prisma);
      const userId = uuidv7();
      await prisma.knownUser.createMany({ data: [{ userId }] });
      const record = async (ms: number) => {
        await repository.recordConnections(new Map([[userId, { at: at(0).getTime() + ms, isOver: false }]]));
        return ((await repository.find([userId])).get(userId)?.lastConnectionAt ?? 0) - at(0).getTime();
      };
      expect(await record(0)).toBe(0);
      expect(await record(289_999)).toBe(0);
      expect(await record(290_000)).toBe(290_000);
    });
  });
});
