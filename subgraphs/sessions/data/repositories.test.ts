import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { projectRoot } from '../../../shared/config/project-root.js';
import type { Database } from '../../../shared/database/database.js';
import { openEmbedded } from '../../../shared/database/embedded.js';
import { openPostgres } from '../../../shared/database/postgres.js';
import { startPostgres } from '../../../tests/testkit/postgres.js';
import { orSkip } from '../../../tests/testkit/services.js';
import { createPresenceSettingsRepository } from './presence-settings-repository.js';
import { createSessionsPrisma, type SessionsPrisma } from './prisma.js';
import { createRelationRepository } from './relation-repository.js';

const postgres = orSkip('PostgreSQL', await startPostgres());
afterAll(() => postgres?.stop());

const databases: readonly (readonly [string, () => Promise<Database>])[] = [
  ['PGlite', () => openEmbedded('memory://')],
  ...(postgres === null ? [] : [['PostgreSQL', async () => openPostgres(await postgres.createDatabase())] as const]),
];

const at = (minutes: number): Date => new Date(Date.UTC(2026, 10, 20, 12, minutes, 0, 123));

describe.each(databases)('On %s', (_name, open) => {
  let database: Database;
  let prisma: SessionsPrisma;

  beforeAll(async () => {
    database = await open();
    await database.migrate({ name: 'sessions', folder: join(projectRoot, 'subgraphs/sessions/prisma/migrations') });
    prisma = createSessionsPrisma(database);
  });
  afterAll(async () => {
    await prisma.$disconnect();
    await database.close();
  });

  describe('the relations', () => {
    const low = '01990000-0000-7000-8000-00000000000a';
    const high = '01990000-0000-7000-8000-00000000000b';
    const nothing = { userIds: [low, high] as const, friends: false, blockers: [] };

    it('are none for ids that nobody can have', async () => {
      const relations = createRelationRepository(prisma);
      expect(await relations.among(low, ["' OR 1=1 --", '__proto__'])).toEqual(new Map());
    });

    it('are the same from both sides, and follow every change', async () => {
      const relations = createRelationRepository(prisma);
      const seen = async () => [await relations.among(low, [high]), await relations.among(high, [low])];
      await relations.take(uuidv7(), { ...nothing, friends: true });
      expect(await seen()).toEqual([new Map([[high, 'FRIEND']]), new Map([[low, 'FRIEND']])]);
      expect([await relations.friendsOf(low), await relations.friendsOf(high)]).toEqual([new Set([high]), new Set([low])]);
      await relations.take(uuidv7(), { ...nothing, blockers: [high] });
      expect(await seen()).toEqual([new Map([[high, 'BLOCKED']]), new Map([[low, 'BLOCKED']])]);
      expect([await relations.friendsOf(low), await relations.friendsOf(high)]).toEqual([new Set(), new Set()]);
      await relations.take(uuidv7(), nothing);
      expect(await seen()).toEqual([new Map(), new Map()]);
    });

    it('do not go back when an older event comes again', async () => {
      const relations = createRelationRepository(prisma);
      const befriended = uuidv7();
      await relations.take(befriended, { ...nothing, friends: true });
      await relations.take(uuidv7(), nothing);
      await relations.take(befriended, { ...nothing, friends: true });
      expect(await relations.friendsOf(low)).toEqual(new Set());
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
      await repository.recordConnections(new Map([[gone, at(5).getTime()]]));
      expect(await repository.find([gone])).toEqual(new Map());
      await repository.recordConnections(new Map([ada, bob].map((userId) => [userId, at(5).getTime()])));
      await repository.recordConnections(new Map([[ada, at(4).getTime()]]));
      const found = await repository.find([ada, bob]);
      expect(found.get(ada)).toEqual({ settings, lastConnectionAt: at(5).getTime() });
      expect(found.get(bob)).toMatchObject({ settings: { revision: 0, visibility: 'EVERYONE' }, lastConnectionAt: at(5).getTime() });
    });
  });
});
