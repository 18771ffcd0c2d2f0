import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { createDomainEvent } from '../../../shared/events/domain-events.js';
import { testDatabases, type OpenedDatabase } from '../../../tests/testkit/services/databases.js';
import type { SessionEndRepository, SessionEnding } from '../services/session-end-repository.js';
import type { SessionRepository } from '../services/session-repository.js';
import { createSessionsPrisma, type SessionsPrisma } from './prisma.js';
import { createSessionEndRepository } from './session-end-repository.js';
import { createSessionRepository } from './session-repository.js';

const at = (minutes: number): Date => new Date(Date.UTC(2026, 10, 20, 12, minutes, 0, 123));
const databases = await testDatabases();

const ending: SessionEnding = {
  endedAt: at(5),
  reason: 'ENDED',
  toEvent: ({ sessionId, userId }) =>
    createDomainEvent('session.ended', {
      key: userId,
      payload: { sessionId, userId, endedAt: at(5).toISOString(), reason: 'ENDED' },
    }),
};

describe.each(databases)('The end of sessions on $name', ({ open }) => {
  let opened: OpenedDatabase;
  let prisma: SessionsPrisma;
  let elsewhere: SessionsPrisma;
  let sessions: SessionRepository;
  let ends: SessionEndRepository;
  /** As another process would. */
  let endsElsewhere: SessionEndRepository;

  beforeAll(async () => {
    opened = await open();
    prisma = createSessionsPrisma(opened.database);
    sessions = createSessionRepository(prisma);
    ends = createSessionEndRepository(prisma);
    elsewhere = createSessionsPrisma(await opened.again());
    endsElsewhere = createSessionEndRepository(elsewhere);
  });
  afterAll(async () => {
    await elsewhere.$disconnect();
    await prisma.$disconnect();
    await opened.close();
  });

  async function start({ userId = uuidv7(), expiresAt = at(30), id = uuidv7() } = {}) {
    await sessions.merge({ kind: 'Started', id, userId, device: null, startedAt: at(0), expiresAt });
    return { sessionId: id, userId };
  }

  async function livingOf(userId: string, now = at(6)): Promise<readonly string[]> {
    return (await sessions.list(userId, now)).map(({ id }) => id).sort();
  }

  async function announcedOf(userId: string): Promise<readonly unknown[]> {
    const rows = await prisma.outboxEvent.findMany({ where: { key: userId, type: 'session.ended' } });
    return rows.map(({ payload }) => (payload as { sessionId: string }).sessionId).sort();
  }

  it('comes once, with one announcement, and not by somebody else', async () => {
    const session = await start();
    expect(await ends.end({ ...session, userId: uuidv7() }, ending)).toBe(false);
    const all = await Promise.all([ends.end(session, ending), endsElsewhere.end(session, ending), ends.end(session, ending)]);
    expect(all.filter(Boolean)).toHaveLength(1);
    expect(await announcedOf(session.userId)).toEqual([session.sessionId]);
    const ended = { sessionId: session.sessionId, endedAt: at(5).getTime() };
    expect(await ends.endedSince(at(5))).toContainEqual(ended);
    expect(await ends.endedSince(new Date(at(5).getTime() + 1))).not.toContainEqual(ended);
  });

  describe('of all but one', () => {
    it('is refused to a session that has ended, expired, or is somebody else’s, and then ends nothing', async () => {
      const [session, stranger] = [await start(), await start()];
      const other = await start({ userId: session.userId });
      const expired = await start({ userId: session.userId, expiresAt: at(5) });
      expect(await ends.endOthers(expired, ending)).toBeNull();
      expect(await ends.endOthers({ ...session, sessionId: stranger.sessionId }, ending)).toBeNull();
      await ends.end(other, ending);
      expect(await ends.endOthers(other, ending)).toBeNull();
      expect(await livingOf(session.userId)).toEqual([session.sessionId]);
      expect(await announcedOf(session.userId)).toEqual([other.sessionId]);
    });

    it('takes those that live, announces each, and leaves other people’s alone', async () => {
      const [kept, stranger] = [await start(), await start()];
      const { userId } = kept;
      const others = [await start({ userId }), await start({ userId }), await start({ userId })];
      await start({ userId, expiresAt: at(4) });
      const ended = await ends.endOthers(kept, ending);
      const ids = others.map(({ sessionId }) => sessionId).sort();
      expect(ended?.map(({ sessionId }) => sessionId).sort()).toEqual(ids);
      expect(await announcedOf(userId)).toEqual(ids);
      expect([await livingOf(userId), await livingOf(stranger.userId)]).toEqual([[kept.sessionId], [stranger.sessionId]]);
      expect(await ends.endOthers(kept, ending)).toEqual([]);
      expect(await announcedOf(userId)).toEqual(ids);
    });

    it('lets one of two win that end each other', async () => {
      for (let round = 0; round < 5; round += 1) {
        const one = await start();
        const two = await start({ userId: one.userId });
        const results = await Promise.all([ends.endOthers(one, ending), endsElsewhere.endOthers(two, ending)]);
        expect(results.filter((result) => result === null)).toHaveLength(1);
        expect(await livingOf(one.userId)).toHaveLength(1);
      }
    });

    it('either takes a session that starts at the same time or leaves it whole', async () => {
      for (let round = 0; round < 5; round += 1) {
        const kept = await start();
        const { userId } = kept;
        const newIds = Array.from({ length: 5 }, () => uuidv7());
        const [ended] = await Promise.all([endsElsewhere.endOthers(kept, ending), ...newIds.map((id) => start({ userId, id }))]);
        const endedIds = ended?.map(({ sessionId }) => sessionId) ?? [];
        const survivors = newIds.filter((id) => !endedIds.includes(id));
        expect(await livingOf(userId)).toEqual([kept.sessionId, ...survivors].sort());
        expect(await announcedOf(userId)).toEqual(endedIds.toSorted());
      }
    });
  });

  describe('by time', () => {
    it('comes for each session once, in one process alone, and for none that still lives', async () => {
      const userId = uuidv7();
      const expiring = await Promise.all(Array.from({ length: 12 }, () => start({ userId, expiresAt: at(30) })));
      await start({ userId, expiresAt: new Date(at(30).getTime() + 1) });
      const ended = await start({ userId });
      await ends.end(ended, ending);
      const expire = (repository: SessionEndRepository) => repository.expire({ now: at(30), limit: 5 });
      const found = [];
      for (let round = 0; round < 20; round += 1) found.push(...(await Promise.all([expire(ends), expire(endsElsewhere)])).flat());
      const ofUser = found.filter((session) => session.userId === userId).map(({ sessionId }) => sessionId);
      expect(ofUser.sort()).toEqual(expiring.map(({ sessionId }) => sessionId).sort());
      const states = await sessions.findStates({ userId, ids: [...ofUser, ended.sessionId] });
      expect(states.map(({ endReason }) => endReason).sort()).toEqual(['ENDED', ...expiring.map(() => 'EXPIRED')]);
    });

    it('takes at most so many at a time', async () => {
      const userId = uuidv7();
      await Promise.all(Array.from({ length: 3 }, () => start({ userId, expiresAt: at(2) })));
      const batch = { now: at(3), limit: 2 };
      expect([(await ends.expire(batch)).length, (await ends.expire(batch)).length, (await ends.expire(batch)).length]).toEqual([2, 1, 0]);
    });

    it('revokes no tokens: those have expired before, or the session goes on', async () => {
      const session = await start({ expiresAt: at(2) });
      await ends.expire({ now: at(3), limit: 1_000 });
      expect((await ends.endedSince(at(0))).map(({ sessionId }) => sessionId)).not.toContain(session.sessionId);
    });

    it('is forgotten after a while, some at a time', async () => {
      const userId = uuidv7();
      const kept = await start({ userId });
      for (let count = 0; count < 3; count += 1) await ends.end(await start({ userId, expiresAt: at(60) }), { ...ending, endedAt: at(-9) });
      const batch = { endedBefore: at(-9), limit: 2 };
      expect(await ends.removeEnded(batch)).toBe(0);
      const later = { endedBefore: new Date(at(-9).getTime() + 1), limit: 2 };
      expect([await ends.removeEnded(later), await ends.removeEnded(later), await ends.removeEnded(later)]).toEqual([2, 1, 0]);
      expect(await prisma.session.findMany({ where: { userId }, select: { id: true } })).toEqual([{ id: kept.sessionId }]);
    });

    it('is looked for in an index, whatever else the table holds', async () => {
      const plan = await prisma.$transaction(async (tx) => {
        await tx.$executeRaw`SET LOCAL enable_seqscan = off`;
        return tx.$queryRaw`EXPLAIN SELECT id FROM sessions.session WHERE ended_at IS NULL AND expires_at <= now() ORDER BY ended_at, expires_at LIMIT 5`;
      });
      expect(JSON.stringify(plan)).toMatch(/session_ended_at_idx.*ended_at IS NULL.*expires_at <= /);
      expect(JSON.stringify(plan)).not.toContain('Sort');
    });
  });
});
