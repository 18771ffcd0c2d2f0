import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { projectRoot } from '../../../shared/config/project-root.js';
import type { Database } from '../../../shared/database/database.js';
import { openEmbedded } from '../../../shared/database/embedded.js';
import { openPostgres } from '../../../shared/database/postgres.js';
import { createDomainEvent } from '../../../shared/events/domain-events.js';
import { startPostgres } from '../../../tests/testkit/postgres.js';
import { orSkip } from '../../../tests/testkit/services.js';
import type { SessionObservation } from '../services/session.js';
import { createPresenceSettingsRepository } from './presence-settings-repository.js';
import { createSessionsPrisma, type SessionsPrisma } from './prisma.js';
import { createSessionRepository } from './session-repository.js';

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

  describe('the sessions', () => {
    function observations(id: string, userId: string) {
      const all: readonly SessionObservation[] = [
        { kind: 'Started', id, userId, device: 'Phone', startedAt: at(0), expiresAt: at(30) },
        { kind: 'Seen', id, userId, seenAt: at(1), startedAt: new Date(at(0).getTime() - 123), expiresAt: at(11) },
        { kind: 'Refreshed', id, userId, seenAt: at(10), expiresAt: at(40) },
        { kind: 'Ended', id, userId, endedAt: at(20), reason: 'LOGOUT' },
        { kind: 'Ended', id, userId, endedAt: at(21), reason: 'TOKEN_REUSE' },
      ];
      return all;
    }

    it('are the same in whatever order, and however often, one hears of them', async () => {
      const repository = createSessionRepository(prisma);
      const userId = uuidv7();
      for (const order of permutations([0, 1, 2, 3, 4])) {
        const id = uuidv7();
        const all = observations(id, userId);
        for (const index of [...order, order[0], order[2]]) {
          const observation = all[index ?? 0];
          if (observation !== undefined) await repository.merge(observation);
        }
        expect(await prisma.session.findUnique({ where: { id } })).toEqual({
          id,
          userId,
          device: 'Phone',
          startedAt: at(0),
          lastSeenAt: at(21),
          expiresAt: at(40),
          endedAt: at(20),
          endReason: 'LOGOUT',
        });
      }
    });

    it('live until they end or expire, and are found by their owner alone', async () => {
      const repository = createSessionRepository(prisma);
      const [id, userId] = [uuidv7(), uuidv7()];
      const [started, , , ended] = observations(id, userId);
      if (started === undefined || ended === undefined) throw new Error('no observations');
      await repository.merge(started);
      const found = [{ id, userId, device: 'Phone', startedAt: at(0), lastSeenAt: at(0), expiresAt: at(30) }];
      expect(await repository.list(userId, new Date(at(30).getTime() - 1))).toEqual(found);
      expect(await repository.find({ userId, ids: [id, uuidv7(), 'no uuid'] }, at(1))).toEqual(found);
      expect(await repository.find({ userId: uuidv7(), ids: [id] }, at(1))).toEqual([]);
      expect(await repository.list(userId, at(30))).toEqual([]);
      await repository.merge(ended);
      expect(await repository.list(userId, at(1))).toEqual([]);
    });

    it('of another user are not changed by who knows their id', async () => {
      const repository = createSessionRepository(prisma);
      const [id, userId] = [uuidv7(), uuidv7()];
      await repository.merge({ kind: 'Started', id, userId, device: 'Phone', startedAt: at(0), expiresAt: at(30) });
      await repository.merge({ kind: 'Ended', id, userId: uuidv7(), endedAt: at(1), reason: 'ENDED' });
      expect(await repository.list(userId, at(2))).toHaveLength(1);
    });

    it('end once, with one announcement, and neither for somebody else', async () => {
      const repository = createSessionRepository(prisma);
      const [id, userId] = [uuidv7(), uuidv7()];
      await repository.merge({ kind: 'Started', id, userId, device: null, startedAt: at(0), expiresAt: at(30) });
      const endedAt = at(5);
      const end = (asUser: string) => {
        const payload = { sessionId: id, userId: asUser, endedAt: endedAt.toISOString(), reason: 'ENDED' as const };
        const event = createDomainEvent('session.ended', { key: asUser, payload });
        return repository.end({ id, userId: asUser }, { endedAt, reason: 'ENDED', event });
      };
      expect(await end(uuidv7())).toBe(false);
      expect((await Promise.all([end(userId), end(userId), end(userId)])).filter(Boolean)).toHaveLength(1);
      expect(await prisma.outboxEvent.count({ where: { key: userId } })).toBe(1);
      expect(await repository.endedSince(endedAt)).toContainEqual({ sessionId: id, endedAt: endedAt.getTime() });
      expect((await repository.endedSince(new Date(endedAt.getTime() + 1))).map(({ sessionId }) => sessionId)).not.toContain(id);
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

function permutations(items: readonly number[]): number[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
}
