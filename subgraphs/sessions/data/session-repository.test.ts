import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { createDomainEvent } from '../../../shared/events/domain-events.js';
import { testDatabases, type OpenedDatabase } from '../../../tests/testkit/services/databases.js';
import type { SessionChange, SessionRepository } from '../services/session-repository.js';
import { isNews, seenIntervalMs, type Session, type SessionObservation } from '../services/session.js';
import { createSessionsPrisma, type SessionsPrisma } from './prisma.js';
import { createSessionEndRepository } from './session-end-repository.js';
import { createSessionRepository } from './session-repository.js';

const at = (minutes: number): Date => new Date(Date.UTC(2026, 10, 20, 12, minutes, 0, 123));
const databases = await testDatabases();

describe.each(databases)('Sessions on $name', ({ open }) => {
  let opened: OpenedDatabase;
  let prisma: SessionsPrisma;
  let repository: SessionRepository;

  beforeAll(async () => {
    opened = await open();
    prisma = createSessionsPrisma(opened.database);
    repository = createSessionRepository(prisma);
  });
  afterAll(async () => {
    await prisma.$disconnect();
    await opened.close();
  });

  async function start({ id = uuidv7(), userId = uuidv7(), device = 'Phone', expiresAt = at(30) } = {}) {
    await repository.merge({ kind: 'Started', id, userId, device, startedAt: at(0), expiresAt });
    return { id, userId };
  }

  async function tells(observation: SessionObservation): Promise<boolean> {
    const { before, after } = await repository.merge(observation);
    return isNews(before, after);
  }

  async function endReasonOf({ id, userId }: { id: string; userId: string }) {
    return (await repository.findStates({ userId, ids: [id] }))[0]?.endReason;
  }

  describe('What is heard of a session', () => {
    const expiry = () => createSessionEndRepository(prisma).expire({ now: at(35), limit: 1_000 });

    it('is merged to the same in whatever order, and however often, it comes', async () => {
      const userId = uuidv7();
      for (const order of permutations([0, 1, 2, 3, 4])) {
        const id = uuidv7();
        const all: readonly SessionObservation[] = [
          { kind: 'Started', id, userId, device: 'Phone', startedAt: at(0), expiresAt: at(30) },
          { kind: 'Seen', id, userId, seenAt: at(1), notSince: at(0), startedAt: new Date(at(0).getTime() - 123), expiresAt: at(11) },
          { kind: 'Refreshed', id, userId, seenAt: at(10), expiresAt: at(40) },
          { kind: 'Ended', id, userId, endedAt: at(20), reason: 'LOGOUT' },
          { kind: 'Ended', id, userId, endedAt: at(21), reason: 'TOKEN_REUSE' },
        ];
        for (const [position, index] of [...order, order[0], order[2]].entries()) {
          const observation = all[index ?? 0];
          if (observation !== undefined) await repository.merge(observation);
          // However early it looked like it: what was ended by somebody was not expired.
          if (position === order[3]) await expiry();
        }
        expect(await prisma.session.findUnique({ where: { id } })).toEqual({
          id,
          userId,
          device: 'Phone',
          isDeviceNamed: false,
          startedAt: at(0),
          lastSeenAt: at(21),
          expiresAt: at(40),
          endedAt: at(20),
          endReason: 'LOGOUT',
          data: null,
          version: 0,
        });
      }
    });

    it('of another user changes nothing for who knows the id', async () => {
      const { id, userId } = await start();
      const foreign = await repository.merge({ kind: 'Ended', id, userId: uuidv7(), endedAt: at(1), reason: 'ENDED' });
      expect(foreign).toEqual({ before: null, after: null });
      expect(await repository.list(userId, at(2))).toHaveLength(1);
    });

    it('is news when the session is new, ends, gets its name or lives on to another day, and not when it is only used', async () => {
      const [id, userId] = [uuidv7(), uuidv7()];
      const seen = { kind: 'Seen', id, userId, seenAt: at(1), notSince: at(0), startedAt: at(0), expiresAt: at(11) } as const;
      expect(await tells(seen)).toBe(true);
      expect(await tells({ ...seen, seenAt: at(3) })).toBe(false);
      expect(await tells({ kind: 'Started', id, userId, device: 'Phone', startedAt: at(0), expiresAt: at(30) })).toBe(true);
      const endOfDay = new Date(Date.UTC(2026, 10, 21) - 1);
      expect(await tells({ kind: 'Refreshed', id, userId, seenAt: at(4), expiresAt: endOfDay })).toBe(false);
      expect(await tells({ kind: 'Refreshed', id, userId, seenAt: at(5), expiresAt: new Date(endOfDay.getTime() + 1) })).toBe(true);
      expect(await tells({ kind: 'Ended', id, userId, endedAt: at(6), reason: 'LOGOUT' })).toBe(true);
    });

    it('as its use is written once a minute, by however many processes', async () => {
      const { id, userId } = await start();
      const use = (seenAt: Date) => {
        const notSince = new Date(seenAt.getTime() - seenIntervalMs);
        return repository.merge({ kind: 'Seen', id, userId, seenAt, notSince, startedAt: at(0), expiresAt: at(11) });
      };
      const justBefore = new Date(at(1).getTime() - 1);
      const leftOut = { before: { lastSeenAt: at(0) }, after: null };
      expect(await Promise.all([use(justBefore), use(justBefore)])).toMatchObject([leftOut, leftOut]);
      expect(await use(at(1))).toMatchObject({ after: { lastSeenAt: at(1) } });
      expect((await repository.find({ userId, ids: [id] }, at(2)))[0]?.lastSeenAt).toEqual(at(1));
    });

    it('wakes a session that was taken for expired when it lives longer, but none that was ended', async () => {
      const [early, ended] = [await start(), await start()];
      await expiry();
      await repository.merge({ kind: 'Ended', ...ended, endedAt: at(36), reason: 'LOGOUT' });
      expect([await endReasonOf(early), await endReasonOf(ended)]).toEqual(['EXPIRED', 'LOGOUT']);
      for (const each of [early, ended]) {
        await repository.merge({ kind: 'Refreshed', ...each, seenAt: at(29), expiresAt: at(30) });
        expect(await endReasonOf(each)).not.toBeNull();
      }
      expect(await tells({ kind: 'Refreshed', ...early, seenAt: at(29), expiresAt: at(60) })).toBe(true);
      await repository.merge({ kind: 'Refreshed', ...ended, seenAt: at(29), expiresAt: at(60) });
      expect([await endReasonOf(early), await endReasonOf(ended)]).toEqual([null, 'LOGOUT']);
    });
  });

  it('live until they end or expire, and are found by their owner alone', async () => {
    const { id, userId } = await start();
    const found = [{ id, userId, device: 'Phone', startedAt: at(0), lastSeenAt: at(0), expiresAt: at(30), data: null, version: 0 }];
    expect(await repository.find({ userId: uuidv7(), ids: [id] }, at(1))).toEqual([]);
    expect(await repository.findStates({ userId: uuidv7(), ids: [id] })).toEqual([]);
    expect(await repository.findStates({ userId, ids: ['', "' OR 1=1 --"] })).toEqual([]);
    expect(await repository.list(userId, new Date(at(30).getTime() - 1))).toEqual(found);
    expect(await repository.find({ userId, ids: [id, uuidv7(), 'no uuid'] }, at(1))).toEqual(found);
    expect(await repository.list(userId, at(30))).toEqual([]);
    await repository.merge({ kind: 'Ended', id, userId, endedAt: at(20), reason: 'LOGOUT' });
    expect(await repository.list(userId, at(1))).toEqual([]);
    expect(await endReasonOf({ id, userId })).toBe('LOGOUT');
  });

  describe('What their users change', () => {
    const change = (key: { id: string; userId: string }, what: SessionChange, now = at(1)) => repository.change(key, what, now);

    it('is nothing for somebody else, for what is no id, and for a session that has expired or ended', async () => {
      const key = await start();
      const data = '1';
      for (const id of ['', 'no id', "' OR 1=1 --", '__proto__', uuidv7()]) {
        expect(await change({ ...key, id }, { data })).toEqual({ kind: 'NotFound' });
      }
      expect(await change({ ...key, userId: uuidv7() }, { data })).toEqual({ kind: 'NotFound' });
      expect(await change(key, { data }, at(30))).toEqual({ kind: 'NotFound' });
      await repository.merge({ kind: 'Ended', ...key, endedAt: at(1), reason: 'LOGOUT' });
      expect(await change(key, { data })).toEqual({ kind: 'NotFound' });
    });

    it.each([
      '0',
      'false',
      '""',
      '"text"',
      '[]',
      '{"a":{"b":[1,null,"💥"]}}',
      '{"__proto__":{"polluted":1},"constructor":{"prototype":2}}',
    ])('comes back as it was given: %s', async (data) => {
      const key = await start();
      const changed = await change(key, { data });
      expect(changed).toMatchObject({ kind: 'Changed', hadData: false });
      const [found] = await repository.find({ userId: key.userId, ids: [key.id] }, at(2));
      expect(JSON.stringify(found?.data)).toBe(data);
      expect(changed).toEqual({ kind: 'Changed', hadData: false, session: found });
      expect(Object.prototype).not.toHaveProperty('polluted');
    });

    it('stays when it is left out, and goes with null', async () => {
      const key = await start();
      await change(key, { data: '{"a":1}' });
      expect(await change(key, { device: 'Mine' })).toMatchObject({
        hadData: true,
        session: { data: { a: 1 }, device: 'Mine', version: 2 },
      });
      expect(await change(key, {})).toMatchObject({ session: { data: { a: 1 }, device: 'Mine', version: 2 } });
      expect(await change(key, { data: null, device: null })).toMatchObject({ session: { data: null, device: null, version: 3 } });
      expect(await change(key, { data: '2' })).toMatchObject({ hadData: false });
    });

    it('as the name of the device survives the announcement of the session, also when there is none any more', async () => {
      for (const device of ['Mine', null]) {
        const [id, userId] = [uuidv7(), uuidv7()];
        await repository.merge({ kind: 'Seen', id, userId, seenAt: at(0), notSince: at(-1), startedAt: at(0), expiresAt: at(10) });
        await change({ id, userId }, { device });
        await start({ id, userId, device: 'Chrome on Linux' });
        expect((await repository.find({ userId, ids: [id] }, at(2)))[0]?.device).toBe(device);
      }
    });

    it('as the name of the device is announced with the change, or neither', async () => {
      const key = await start();
      const toEvent = ({ id: sessionId, userId, device }: Session) =>
        createDomainEvent('session.renamed', { key: userId, payload: { sessionId, userId, device } });
      const announced = () => prisma.outboxEvent.findMany({ where: { key: key.userId }, select: { payload: true } });
      expect(await change(key, { device: 'Mine', expectedVersion: 1, toEvent })).toMatchObject({ kind: 'Conflict' });
      expect(await announced()).toEqual([]);
      expect(await change(key, { device: 'Mine', toEvent })).toMatchObject({ kind: 'Changed', session: { device: 'Mine' } });
      expect(await announced()).toEqual([{ payload: { sessionId: key.id, userId: key.userId, device: 'Mine' } }]);
      const fault = () => {
        throw new Error('no event');
      };
      await expect(change(key, { device: 'Other', toEvent: fault })).rejects.toThrow('no event');
      expect(await repository.find({ userId: key.userId, ids: [key.id] }, at(2))).toMatchObject([{ device: 'Mine', version: 1 }]);
    });

    it('as the data leaves the name of the device to the announcement', async () => {
      const [id, userId] = [uuidv7(), uuidv7()];
      await repository.merge({ kind: 'Seen', id, userId, seenAt: at(0), notSince: at(-1), startedAt: at(0), expiresAt: at(10) });
      await change({ id, userId }, { data: '1' });
      await start({ id, userId, device: 'Phone' });
      expect(await repository.find({ userId, ids: [id] }, at(2))).toMatchObject([{ device: 'Phone', data: 1, version: 1 }]);
    });

    it('is refused with the session as it is when its version is another', async () => {
      const key = await start();
      expect(await change(key, { data: '1', expectedVersion: 1 })).toMatchObject({ kind: 'Conflict', session: { data: null, version: 0 } });
      expect(await change(key, { expectedVersion: 1 })).toMatchObject({ kind: 'Conflict' });
      expect(await change(key, { data: '1', expectedVersion: 0 })).toMatchObject({ kind: 'Changed', session: { version: 1 } });
      expect(await change(key, { data: '2', expectedVersion: 0 })).toMatchObject({ kind: 'Conflict', session: { data: 1, version: 1 } });
    });

    it('is made when the session comes between the change and the look at why it was not made', async () => {
      const key = { id: uuidv7(), userId: uuidv7() };
      const findLate = async (...query: Parameters<typeof prisma.session.findMany>) => {
        await start(key);
        return prisma.session.findMany(...query);
      };
      const session = new Proxy(prisma.session, {
        get: (own, name): unknown => (name === 'findMany' ? findLate : Reflect.get(own, name)),
      });
      const late = new Proxy(prisma, { get: (own, name): unknown => (name === 'session' ? session : Reflect.get(own, name)) });
      const made = await createSessionRepository(late).change(key, { data: '1', expectedVersion: 0 }, at(1));
      expect(made).toMatchObject({ kind: 'Changed', session: { data: 1, version: 1 } });
    });

    it('goes through for exactly one of many that build on the same version', async () => {
      const key = await start();
      for (const expectedVersion of [0, 1, 2]) {
        const all = await Promise.all(
          Array.from({ length: 20 }, (_, index) => change(key, { data: JSON.stringify({ by: index }), expectedVersion })),
        );
        const won = all.filter(({ kind }) => kind === 'Changed');
        expect(won).toHaveLength(1);
        const [found] = await repository.find({ userId: key.userId, ids: [key.id] }, at(2));
        expect(won).toMatchObject([{ session: found }]);
        expect(found?.version).toBe(expectedVersion + 1);
      }
    });

    it('is counted each time without a version, and there was no data before for exactly one', async () => {
      const key = await start();
      const all = await Promise.all(Array.from({ length: 20 }, (_, index) => change(key, { data: String(index) })));
      const versions = all.map((each) => (each.kind === 'Changed' ? each.session.version : 0));
      expect(versions.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
      expect(all.filter((each) => each.kind === 'Changed' && !each.hadData)).toHaveLength(1);
    });
  });
});

function permutations(items: readonly number[]): number[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
}
